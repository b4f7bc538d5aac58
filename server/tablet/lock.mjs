// Takes from package-lock.json what names hosts (links to sponsors), so that any registry serves it.
import { readFileSync, writeFileSync } from "node:fs";

const path = new URL("package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(path, "utf8"));
for (const row of Object.values(lock.packages)) delete row.funding;
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
