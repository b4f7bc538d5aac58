/** "Done", with the way back: every change can be taken back for some seconds. */

import type { Replica } from "../../engine";
import { toast } from "../components";
import { t } from "../i18n";
import { problemOf, sentence } from "../problems";

/**
 * Say that something was done; its operations can be taken back while the words stand. `keep`
 * then keeps what was typed: who takes a visit back has not taken back what they wrote.
 */
export function tellDone(
  replica: Replica,
  words: string,
  stamps: readonly (string | null)[],
  keep?: () => void,
): void {
  const made = stamps.filter((stamp): stamp is string => stamp !== null);
  if (made.length === 0) toast(t("done.nothing"));
  else toast(words, () => void takeBack(replica, made, keep));
}

/**
 * Take operations back, the last first: all of them or none. What was never sent goes as if
 * it had not been, and takes its group along.
 */
async function takeBack(
  replica: Replica,
  stamps: readonly string[],
  keep?: () => void,
): Promise<void> {
  const isLate = stamps.some((stamp) => replica.work(stamp)?.can.undo !== true);
  if (isLate) {
    toast(t("done.too_late"));
    return;
  }
  try {
    for (const stamp of [...stamps].reverse()) {
      if (replica.work(stamp)) await replica.undo(stamp);
    }
    keep?.();
    toast(t("done.undone"));
  } catch (error) {
    toast(sentence(problemOf(error)));
  }
}
