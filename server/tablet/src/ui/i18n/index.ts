/**
 * Languages: every word a person reads, in Chinese and in English.
 *
 * The words are JSON, one folder for each language and one file for each part of
 * the app, so that a translator needs no TypeScript. Only the language in use is
 * loaded; the other is a file of its own that the service worker keeps as well.
 *
 * What is hard: a key that one language lacks shows only to the person who reads
 * that language. So keys are types (`Key`), and a test compares the catalogues and
 * looks for keys that nobody uses.
 *
 * Invariants
 *   - `t` read inside a component draws it anew when the language changes.
 *   - A number inside a text is written as the language writes numbers.
 *   - The words of `<html lang>` and of the screen are of one language.
 *
 * A text with a number in it may have forms: `{"one": "1 entry", "other": "{n} entries"}`,
 * chosen by `n`. Chinese has one form and needs no braces around it.
 */

import { batch, computed, signal } from "@preact/signals";

import type zh from "./zh-CN";

export type Language = "zh-CN" | "en";
/** Every key there is; the Chinese catalogue decides. */
export type Key = keyof typeof zh;
/** What goes into the braces of a text. */
export type Values = Record<string, string | number>;
/** A text, or its forms by the plural rules of the language. */
export type Text = string | { one?: string; other: string };
export type Catalogue = Record<Key, Text>;
/** Words that come from the server's catalogue in both languages. */
export interface Said {
  zh: string;
  en: string;
}

/** What the speakers of each language call it. */
export const LANGUAGES: Record<Language, string> = { "zh-CN": "中文", en: "English" };

const LOADERS: Record<Language, () => Promise<{ default: Catalogue }>> = {
  "zh-CN": () => import("./zh-CN"),
  en: () => import("./en"),
};

const chosen = signal<Language>("zh-CN");
const words = signal<Catalogue | null>(null);

/** The language in use. Read inside a component, it draws the component anew. */
export const language = computed(() => chosen.value);

/** Load a language and use it; resolves when its words are there. */
export async function useLanguage(wanted: Language): Promise<void> {
  const loaded = await LOADERS[wanted]();
  batch(() => {
    chosen.value = wanted;
    words.value = loaded.default;
  });
  document.documentElement.lang = wanted;
  document.title = t("app.name");
}

/** The text of a key, with its values put in. Before any language is loaded: nothing. */
export function t(key: Key, values?: Values): string {
  const text = words.value?.[key];
  return text === undefined ? "" : fill(pick(text, values), values);
}

/** The words for this reader out of a pair that the server's catalogue holds. */
export const said = (pair: Said): string => (chosen.value === "zh-CN" ? pair.zh : pair.en);

function pick(text: Text, values?: Values): string {
  if (typeof text === "string") return text;
  const form = new Intl.PluralRules(chosen.peek()).select(Number(values?.["n"] ?? 0));
  return (form === "one" && text.one) || text.other;
}

function fill(text: string, values?: Values): string {
  if (!values) return text;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? value.toLocaleString(chosen.peek()) : value;
  });
}
