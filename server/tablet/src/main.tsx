/** Where the app begins: language and look first, then the frame, then the worker's records. */

import "./ui/styles/index.css";

import { effect } from "@preact/signals";
import { render } from "preact";

import { App } from "./ui/app";
import { useLanguage } from "./ui/i18n";
import { preferences, showPreferences } from "./ui/preferences";
import { startRouter } from "./ui/router";
import { replica, start } from "./ui/session";
import { tellOutcomes } from "./ui/tell";
import { watchForUpdates } from "./ui/update";
import { showVisibly } from "./ui/visible";

/** `public/capable.js` ran before and has said what this browser lacks, if it lacks much. */
const incapable = (): boolean => document.documentElement.dataset["incapable"] !== undefined;

/** The name under which the home screen would have the app, in the person's language. */
function nameInLanguage(): void {
  const manifest = preferences.language.value === "en" ? "manifest.en" : "manifest";
  document.querySelector('link[rel="manifest"]')?.setAttribute("href", `${import.meta.env.BASE_URL}${manifest}.webmanifest`);
}

/**
 * For somebody who helps at the browser's console, and for tests: `yuanba.replica.value` is the
 * open copy. It gives nothing that a person at this browser does not have anyway.
 */
Object.assign(globalThis, { yuanba: { replica } });

async function begin(): Promise<void> {
  if (incapable()) return;
  showPreferences();
  showVisibly();
  startRouter();
  await useLanguage(preferences.language.value);
  effect(() => void useLanguage(preferences.language.value));
  effect(nameInLanguage);
  const root = document.getElementById("app");
  if (!root) throw new Error("The page has no place for the app.");
  root.textContent = "";
  render(<App />, root);
  tellOutcomes();
  void start();
  void watchForUpdates();
}

void begin();
