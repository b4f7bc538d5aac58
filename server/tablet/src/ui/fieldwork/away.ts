/**
 * What changed while somebody was away: records that came from the server, until they are looked at.
 *
 * Others work in the same grid: a chief corrects a name, the office dispatches an order.
 * A worker who comes back wants to know which households to look at again. Kept are the
 * ids alone, by profile; the first sync and a rebuilt replica are no news.
 */

import { signal, type ReadonlySignal } from "@preact/signals";

import type { Replica, View } from "../../engine";
import type { Model } from "../../model";
import { recall, remember } from "./memory";

/** One record that others changed, and when that came here. */
export interface News {
  id: string;
  atMs: number;
}

const MOST = 60;
const TOLD: ReadonlySet<string> = new Set([
  "household",
  "resident",
  "work_order",
  "home_visit",
  "building",
]);

interface Away {
  news: ReadonlySignal<readonly News[]>;
  seen: () => void;
  /** Put back what was marked as seen. */
  restore: (news: readonly News[]) => void;
}

const made = new WeakMap<Model, Away>();

export function awayOf(model: Model, replica: Replica): Away {
  let found = made.get(model);
  if (!found) {
    found = watch(model, replica);
    made.set(model, found);
  }
  return found;
}

function watch(model: Model, replica: Replica): Away {
  const profile = replica.profile.id;
  const news = signal<readonly News[]>(read(recall(profile, "away")));
  const put = (next: readonly News[]) => {
    news.value = next;
    remember(
      profile,
      "away",
      next.map(({ id, atMs }) => [id, atMs]),
    );
  };
  model.onChange((change, records) => {
    if (change.by !== "server" || change.whole || !replica.status.peek().firstSync.ready) return;
    const come = [...records]
      .filter(([, view]) => view !== null && isNews(view, replica))
      .map(([id]) => id);
    if (come.length === 0) return;
    const known = new Set(come);
    const atMs = Date.now();
    const others = news.peek().filter((one) => !known.has(one.id));
    put([...come.map((id) => ({ id, atMs })), ...others].slice(0, MOST));
  });
  return { news, seen: () => put([]), restore: put };
}

/** A row that only confirms what this worker did is no news. */
function isNews(view: View, replica: Replica): boolean {
  return (
    TOLD.has(view.type) &&
    !replica.outbox({ record: view.id, all: true }).some((one) => one.stamp === view.head)
  );
}

function read(kept: unknown): News[] {
  if (!Array.isArray(kept)) return [];
  return kept.flatMap((one) => {
    const [id, atMs] = Array.isArray(one) ? one : [];
    return typeof id === "string" && typeof atMs === "number" ? [{ id, atMs }] : [];
  });
}
