/**
 * A part of the build: writes into the page which version of the app it is.
 *
 * People read it out on the telephone, and tablets tell it to the server: the project's
 * version, and some letters that change with every file of the build.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Plugin } from "vite";

const PROJECT = new URL("../../pyproject.toml", import.meta.url);

export function release(): Plugin {
  return {
    name: "yuanba-release",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler(_page, { bundle }) {
        const version = /^version = "([^"]+)"/m.exec(readFileSync(PROJECT, "utf8"))?.[1];
        if (version === undefined) throw new Error("pyproject.toml names no version.");
        const names = Object.keys(bundle ?? {}).sort().join("\n");
        const letters = createHash("sha256").update(names).digest("hex").slice(0, 6);
        const attrs = { name: "app-version", content: `${version}-${letters}` };
        return [{ tag: "meta", attrs, injectTo: "head" }];
      },
    },
  };
}
