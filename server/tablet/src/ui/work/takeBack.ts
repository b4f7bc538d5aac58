/** "Done", with the way back: every change can be taken back for some seconds. */

import type { Replica } from "../../engine";
import { toast } from "../components";
import { t } from "../i18n";
import { problemOf, sentence } from "../problems";

/** Say that something was done; its operations can be taken back while the words stand. */
export function tellDone(
  replica: Replica,
  words: string,
  stamps: readonly (string | null)[],
): void {
  const made = stamps.filter((stamp): stamp is string => stamp !== null);
  if (made.length === 0) toast(t("done.nothing"));
  else toast(words, () => void takeBack(replica, made));
}

/** Take operations back, the last first. What was never sent goes as if it had not been. */
async function takeBack(replica: Replica, stamps: readonly string[]): Promise<void> {
  try {
    for (const stamp of [...stamps].reverse()) await replica.undo(stamp);
    toast(t("done.undone"));
  } catch (error) {
    toast(sentence(problemOf(error)));
  }
}
