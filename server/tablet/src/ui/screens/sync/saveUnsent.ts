/** A file of everything that was not handed in, put where the tablet keeps downloads. */

import type { Replica } from "../../../engine";

const KEPT_MS = 60_000;

/** How many entries the file has. */
export async function saveUnsent(replica: Replica): Promise<number> {
  const files = await replica.exportUnsent();
  for (const { name, blob } of files) save(name, blob);
  return files.reduce((sum, file) => sum + file.count, 0);
}

function save(name: string, blob: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // Some browsers begin to read it only when the person has said where to put it.
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
}
