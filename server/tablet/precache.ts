/**
 * A part of the build: tells the service worker which files make up the app.
 *
 * The list can only be made when everything else is: names hold hashes. `sw.ts` has a blank
 * for it, and the blank is filled here with every file of the build and of `public/` that a
 * page may ask for. The version is a hash over all their contents, so that a change of one byte
 * of any file is an update, and building the same twice is none.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import type { Plugin } from "vite";

const BLANK = /["'`]%PRECACHE%["'`]/;
const WORKER = "sw.js";

/** Pictures that the system fetches once when the app is installed; the app shows none of them. */
const OF_HOME_SCREEN = /^icons\/(.*\.png|maskable\.svg)$/;

/** Every file below a folder, as addresses have them. */
function filesBelow(folder: string): string[] {
  const all = readdirSync(folder, { recursive: true, withFileTypes: true });
  return all
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"));
}

export function precache(): Plugin {
  let folder: string | false = false;
  return {
    name: "yuanba-precache",
    apply: "build",
    enforce: "post",
    configResolved(config) {
      folder = config.publicDir || false;
    },
    generateBundle(_options, bundle) {
      const worker = bundle[WORKER];
      if (worker?.type !== "chunk" || !BLANK.test(worker.code)) {
        this.error(`${WORKER} is not in the build, or has no blank for the list of files.`);
      }
      if (worker.imports.length > 0 || worker.exports.length > 0) {
        this.error(`${WORKER} must be whole in one file: it is loaded as a classic script.`);
      }
      const contents = new Map<string, string | Uint8Array>();
      for (const [name, made] of Object.entries(bundle)) {
        if (name !== WORKER) contents.set(name, made.type === "chunk" ? made.code : made.source);
      }
      if (folder !== false) {
        for (const name of filesBelow(folder)) {
          if (!OF_HOME_SCREEN.test(name)) contents.set(name, readFileSync(join(folder, name)));
        }
      }
      const files = [...contents.keys()].sort();
      const hash = createHash("sha256").update(worker.code);
      for (const name of files) hash.update(`\0${name}\0`).update(contents.get(name) ?? "");
      const list = { version: hash.digest("hex").slice(0, 12), files };
      worker.code = worker.code.replace(BLANK, () => JSON.stringify(JSON.stringify(list)));
    },
  };
}
