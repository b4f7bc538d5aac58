/**
 * A part of the build: takes the comments out of `public/capable.js`, which no bundler reads.
 *
 * It must stay as old as a script can be, so that nothing but its comments and the blanks
 * before its lines go: half a kilobyte of what every tablet fetches.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

const SCRIPT = "capable.js";

export function plain(): Plugin {
  return {
    name: "yuanba-plain",
    apply: "build",
    writeBundle({ dir }) {
      const path = join(dir ?? "", SCRIPT);
      writeFileSync(path, bare(readFileSync(path, "utf8")));
    },
  };
}

/** Comments stand in lines of their own there. */
function bare(script: string): string {
  return script.replace(/^\s*\/\*[^]*?\*\/\n|^\s*\/\/.*\n|^\s+/gm, "");
}
