/**
 * Telling a worker when the server did not simply take their work.
 *
 * They handed it in minutes or hours after they made it, on another screen. A toast says
 * that something came back or waits for a decision; the sync page has the rest. What was
 * so when the replica was opened is not told again.
 */

import { effect } from "@preact/signals";

import type { Replica, Work } from "../engine";
import { toast } from "./components";
import { type Key, t } from "./i18n";
import { replica } from "./session";

const TOLD: readonly { words: Key; is: (work: Work) => boolean }[] = [
  { words: "tell.rejected", is: (work) => work.state === "rejected" },
  { words: "tell.held", is: (work) => work.state === "held" },
  { words: "tell.conflict", is: (work) => Boolean(work.answer?.conflict) },
];

/** Begin to tell; once, when the app begins. */
export function tellOutcomes(): void {
  effect(() => (replica.value ? watch(replica.value) : undefined));
  effect(() => (replica.value ? watchPhotos(replica.value) : undefined));
}

function watchPhotos(open: Replica): () => void {
  let known = open.status.peek().photos.refused;
  return effect(() => {
    const now = open.status.value.photos.refused;
    if (now > known) toast(t("tell.photo", { n: now - known }));
    known = now;
  });
}

function watch(open: Replica): () => void {
  const known = new Map<string, string>();
  // A month's entries are many: only those about what has changed are looked at again.
  const look = (say: boolean, records: ReadonlySet<string> | null) => {
    const works = records
      ? [...records].flatMap((record) => open.outbox({ record, all: true }))
      : open.outbox({ all: true });
    const fresh = works.filter((work) => {
      const state = `${work.state} ${work.answer?.outcome}`;
      const isNew = known.get(work.stamp) !== state;
      known.set(work.stamp, state);
      return isNew && work.answer !== null;
    });
    if (!say) return;
    for (const { words, is } of TOLD) {
      const n = fresh.filter(is).length;
      if (n > 0) toast(t(words, { n }));
    }
  };
  look(false, null);
  return open.onChange(({ whole, records }) => look(true, whole ? null : records));
}
