/**
 * How the app is built: into `dist`, under the address `/tablet/`, with hashed names.
 *
 * The target is Chromium 80, the web view of a 2020 tablet that was never updated: it has
 * optional chaining, `CompressionStream` and Web Locks, and what it lacks of syntax is written
 * out. Nothing is inlined, because the content security policy allows no inline script.
 */
import { defineConfig } from "vitest/config";

import { plain } from "./plain";
import { precache } from "./precache";
import { release } from "./release";

export default defineConfig({
  base: "/tablet/",
  plugins: [release(), precache(), plain()],
  build: {
    target: "chrome80",
    outDir: "dist",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    rolldownOptions: {
      input: { index: "index.html", sw: "src/sw.ts" },
      output: {
        entryFileNames: ({ name }) => (name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
      },
    },
  },
  test: {
    include: ["test/**/*.test.{ts,tsx}", "src/**/*.test.{ts,tsx}"],
    environment: "node",
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
