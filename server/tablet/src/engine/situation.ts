/** The parts of the status that follow from what is stored, as plain functions. */
import type { Outcome } from "./client";
import type { ReplicaStorage } from "./replica_storage";
import type { Next, Status } from "./types";
import { same } from "./values";

/** Before anything is known. */
export const NEVER: Status = {
  what: "new",
  words: { zh: "", en: "" },
  waiting: 0,
  oldestMs: null,
  kept: 0,
  photos: { waiting: 0, bytes: 0, refused: 0, kept: 0, sending: null },
  handedInMs: null,
  lastSuccessMs: null,
  reachable: null,
  next: { step: "rest", problem: null, atMs: null },
  storage: { usedBytes: null, quotaBytes: null, persisted: null },
  lease: { days: 0, daysLeft: Infinity, expired: false },
  firstSync: { ready: false, received: 0, expected: null, feedsDone: 0, feedsTotal: 0 },
  trouble: null,
  offsetMs: null,
};

/** What a person is told of how a sync ended. */
export function nextOf({ step, problem }: Outcome, nowMs: number): Next {
  switch (step.step) {
    case "wait":
      return { step: "wait", problem, atMs: nowMs + step.waitMs };
    case "wipe":
      return { step: "wiped", problem: null, atMs: null };
    case "refresh": // A fresh token was refused as out of date: a clock at the office is wrong.
    case "smaller":
      return { step: "stop", problem, atMs: null };
    default:
      return { step: step.step, problem, atMs: null };
  }
}

/** How far the first sync is. */
export function firstSyncOf(shelf: ReplicaStorage["shelf"]): Status["firstSync"] {
  const feeds = shelf.feeds().filter((feed) => !feed.evicted);
  const done = feeds.filter((feed) => feed.cursor !== null && !feed.resetting);
  const expected = shelf.meta("expect") as { [feed: string]: number } | null;
  return {
    ready: shelf.meta("ready_ms") !== null,
    received: shelf.rowCount(),
    expected: expected === null ? null : Object.values(expected).reduce((sum, one) => sum + one, 0),
    feedsDone: done.length,
    feedsTotal: feeds.length,
  };
}

export function sameStatus(one: Status, other: Status): boolean {
  return same(one, other);
}
