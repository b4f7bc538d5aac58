/** A file of everything that was not handed in, put where the tablet keeps downloads. */

import type { Replica } from "../../../engine";
import { t } from "../../i18n";

const KEPT_MS = 60_000;

/** Save it, and say how many entries and photos it has. */
export async function saveUnsent(replica: Replica): Promise<string> {
  const files = await replica.exportUnsent();
  for (const { name, blob } of files) save(name, blob);
  const sum = (what: "count" | "photos") => files.reduce((total, file) => total + file[what], 0);
  const photos = sum("photos");
  const words = t("unsent.saved", { n: sum("count") });
  return photos === 0 ? words : words + t("status.part") + t("unsent.saved.photos", { n: photos });
}

function save(name: string, blob: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // Some browsers begin to read it only when the person has said where to put it.
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
}
