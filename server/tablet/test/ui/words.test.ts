/** The catalogues: both languages have the same keys, the same values in braces, and none is idle. */

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import type { Text } from "../../src/ui/i18n";
import en from "../../src/ui/i18n/en";
import zh from "../../src/ui/i18n/zh-CN";

const SOURCES = join(import.meta.dirname, "../../src");
const chinese: Record<string, Text> = zh;
const english: Record<string, Text> = en;

function* sources(folder: string): Generator<string> {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* sources(path);
    else if (/\.tsx?$/.test(name)) yield readFileSync(path, "utf8");
  }
}

const forms = (text: Text): string[] =>
  typeof text === "string" ? [text] : [text.one ?? "", text.other];

/** The names in the braces of the form that numbers usually take. */
const braces = (text: Text | undefined): string[] =>
  text === undefined ? [] : [...(forms(text).slice(-1)[0] ?? "").matchAll(/\{\w+\}/g)].map(String).sort();

describe("the words", () => {
  test("have the same keys in both languages", () => {
    expect(Object.keys(english).sort()).toEqual(Object.keys(chinese).sort());
  });

  test("ask for the same values in both languages", () => {
    const differing = Object.keys(chinese).filter(
      (key) => braces(chinese[key]).join() !== braces(english[key]).join(),
    );
    expect(differing).toEqual([]);
  });

  test("are none of them empty", () => {
    const texts = [...Object.entries(chinese), ...Object.entries(english)];
    const empty = texts.filter(([, text]) => forms(text).some((form) => form.trim() === ""));
    expect(empty.map(([key]) => key)).toEqual([]);
  });

  test("never say that something was synced", () => {
    const texts = [...Object.entries(chinese), ...Object.entries(english)];
    const said = texts.filter(([, text]) => /已同步|synced/i.test(forms(text).join(" ")));
    expect(said).toEqual([]);
  });

  test("are all in use", () => {
    const code = [...sources(SOURCES)].join("\n");
    const prefixes = [...code.matchAll(/`([a-z_]+(?:\.[a-z_]+)*\.)\$\{/g)].map((found) => found[1]);
    const idle = Object.keys(chinese).filter(
      (key) =>
        !code.includes(`"${key}"`) && !prefixes.some((prefix) => key.startsWith(prefix ?? "-")),
    );
    expect(idle).toEqual([]);
  });
});
