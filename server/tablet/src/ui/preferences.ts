/**
 * What a person likes on this tablet: language, light or dark, size of text, when it locks.
 *
 * They belong to the tablet and not to a worker's records, so that even the lock
 * screen and the page that says what is missing are as the person wants them.
 * Kept in `localStorage`; where that is denied they last until the page is closed.
 */

import { effect, type Signal, signal } from "@preact/signals";

import type { Language } from "./i18n";

export type Theme = "system" | "light" | "dark";
export type TextSize = "normal" | "large" | "larger" | "largest";

interface Preferences {
  language: Language;
  theme: Theme;
  text: TextSize;
  /** Minutes without a touch before the PIN is asked for. */
  lockMinutes: "1" | "5" | "15" | "30";
}

/** The values that each may have; the first holds until one is chosen. */
const VALUES: { [Name in keyof Preferences]: readonly Preferences[Name][] } = {
  language: ["zh-CN", "en"],
  theme: ["system", "light", "dark"],
  text: ["normal", "large", "larger", "largest"],
  lockMinutes: ["5", "1", "15", "30"],
};

const PREFIX = "yuanba.";

function stored<Name extends keyof Preferences>(name: Name): Preferences[Name] {
  const values = VALUES[name];
  let kept: string | null = null;
  try {
    kept = localStorage.getItem(PREFIX + name);
  } catch {
    // Denied: the first value holds.
  }
  return values.find((value) => value === kept) ?? (values[0] as Preferences[Name]);
}

function preference<Name extends keyof Preferences>(name: Name): Signal<Preferences[Name]> {
  const made = signal(stored(name));
  effect(() => {
    const value = made.value;
    try {
      localStorage.setItem(PREFIX + name, value);
    } catch {
      // Denied or full: it holds until the page is closed.
    }
  });
  return made;
}

export const preferences: { [Name in keyof Preferences]: Signal<Preferences[Name]> } = {
  language: preference("language"),
  theme: preference("theme"),
  text: preference("text"),
  lockMinutes: preference("lockMinutes"),
};

/** Lay theme and size of text on the page, and keep them there when they change. */
export function showPreferences(): void {
  const root = document.documentElement;
  effect(() => {
    const theme = preferences.theme.value;
    if (theme === "system") delete root.dataset["theme"];
    else root.dataset["theme"] = theme;
  });
  effect(() => {
    const text = preferences.text.value;
    if (text === "normal") delete root.dataset["text"];
    else root.dataset["text"] = text;
  });
}
