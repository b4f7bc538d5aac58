/**
 * Taking work back, and sending it again: what a worker may do with an entry of their outbox.
 *
 * An operation that was in a request once may be with the server, whatever came back, so it
 * is never simply deleted: it is undone by another. One that never left the tablet is taken
 * out as if it had not been. What the server keeps is settled there; here it only leaves the
 * screen, or is made anew.
 *
 * Invariants
 *   * An undo puts back only what nobody has changed since, and says so if nothing is left.
 *   * Nothing that another entry builds on is taken out from under it.
 */
import { fieldsOf } from "./fold";
import { forgetUploads } from "./photo_rows";
import { POLICIES } from "./policies";
import { Refused } from "./problems";
import { isRedacted } from "./redaction";
import { bury, groupOf, type LocalReplica } from "./replica";
import type { Entry, ReplicaStorage, Shelf } from "./replica_storage";
import type { Draft, Fields, Json, View } from "./types";

type Reading = ReplicaStorage["shelf"];

const isKept = (entry: Entry) => entry.state === "held" || entry.state === "rejected";

/** The entries that go when this one is taken out; null if it cannot be taken out. */
export function takenOut(shelf: Reading, entry: Entry): readonly Entry[] | null {
  const group = groupOf(entry);
  const waiting = shelf.inState("waiting");
  const first = group === null ? [entry] : waiting.filter((one) => groupOf(one) === group);
  const made = new Set(first.filter((one) => one.body.kind === "create").map((one) => one.record));
  const all = new Set([...first, ...waiting.filter((one) => made.has(one.record))]);
  for (const one of all) {
    if (one.state !== "waiting" || one.sent) return null;
    const later = shelf.pending(one.record).some((other) => other.stamp > one.stamp && !all.has(other));
    if (later) return null;
  }
  return [...all];
}

/** What puts back what an operation changed; null if there is nothing to put back. */
export function undoing(entry: Entry, view: View | null, versionOf: (name: string) => string): Draft | null {
  const { kind, type, record } = entry.body;
  if (isRedacted(entry.body)) return null;
  const extra = { undoes: entry.stamp };
  if (kind === "delete") return view?.deleted ? { kind: "restore", type, record, extra } : null;
  if (kind !== "edit" || view === null || view.deleted) return null;
  const fields: { [name: string]: Json } = {};
  for (const [name, change] of Object.entries(fieldsOf(entry.body))) {
    const back = putBack(entry, view, name, change, versionOf(name));
    if (back !== undefined) fields[name] = back;
  }
  return Object.keys(fields).length > 0 ? { kind: "edit", type, record, fields, extra } : null;
}

function putBack(entry: Entry, view: View, name: string, change: Json, version: string): Json | undefined {
  const { form, needsBase } = POLICIES[view.spec.byName.get(name)?.policy ?? "latest"];
  const told = change as { add?: Json; remove?: Json };
  if (form === "change") return { add: told.remove ?? [], remove: told.add ?? [] };
  if (form === "delta") return { add: -(told.add as number) };
  if (form !== "value" || !needsBase) return undefined;
  return version === entry.stamp ? (entry.was[name] ?? null) : undefined;
}

/** Take back an own operation: the stamp taken out, or of the operation that undoes it. */
export async function undo(
  replica: LocalReplica, stamp: string, nowMs: number, versionOf: (view: View, name: string) => string,
): Promise<string> {
  const { shelf } = replica.storage;
  const entry = shelf.entry(stamp);
  if (entry === null) throw new Refused("nothing_to_undo");
  if (takenOut(shelf, entry) !== null && await isTakenOut(replica, stamp)) return stamp;
  const view = replica.view(entry.record);
  const draft = isKept(entry) ? null
    : undoing(entry, view, (name) => (view === null ? "" : versionOf(view, name)));
  const made = draft === null ? [] : await replica.make([draft], { nowMs });
  if (typeof made[0] !== "string") throw new Refused("nothing_to_undo");
  return made[0];
}

/** Take a kept entry off the screen (the server keeps it), or out what was never sent. */
export async function withdraw(replica: LocalReplica, stamp: string): Promise<void> {
  const entry = replica.storage.shelf.entry(stamp);
  if (entry === null || (entry.state !== "waiting" && !isKept(entry))) return;
  if (entry.state === "waiting") return takeOut(replica, stamp);
  await replica.storage.write("mine", (shelf) => settle(shelf, stamp));
}

/** Whether it could be taken out: an exchange may have taken it along in this very moment. */
async function isTakenOut(replica: LocalReplica, stamp: string): Promise<boolean> {
  try {
    await takeOut(replica, stamp);
    return true;
  } catch (error) {
    if (error instanceof Refused && error.problem.code === "already_sent") return false;
    throw error;
  }
}

async function takeOut(replica: LocalReplica, stamp: string): Promise<void> {
  await replica.storage.write("mine", (shelf) => {
    const entry = shelf.entry(stamp);
    const all = entry === null ? [] : takenOut(shelf, entry);
    if (all === null) throw new Refused("already_sent");
    shelf.dropEntries(all.map((one) => one.stamp));
    forgetUploads(shelf, all);
  });
}

function settle(shelf: Shelf, stamp: string): void {
  const entry = shelf.entry(stamp);
  if (entry === null || !isKept(entry)) return;
  shelf.saveEntry({ ...entry, state: "acknowledged" });
  bury(shelf, [entry.record]);
}

/**
 * Make a kept operation anew, with other values where `fields` has them. A rejected one leaves
 * the screen for it; a held one stays, for the server may still release it, and the new one
 * builds on it. Answers with the new stamp.
 */
export async function resend(
  replica: LocalReplica, stamp: string, fields: Fields | undefined, nowMs: number,
): Promise<string> {
  const entry = replica.storage.shelf.entry(stamp);
  if (entry === null || !isKept(entry)) throw new Refused("not_kept");
  const { kind, type, record } = entry.body;
  const rejected = entry.state === "rejected";
  const again = rejected ? asDone(entry, fields ?? {}) : { ...fields };
  const draft: Draft = { kind: rejected ? kind : "edit", type, record, fields: again };
  const extra = rejected ? extraOf(entry) : {};
  const first = (shelf: Shelf) => {
    if (rejected) settle(shelf, stamp);
  };
  const made = await replica.make([{ ...draft, extra }], { nowMs, first });
  if (typeof made[0] !== "string") throw new Refused("not_kept");
  return made[0];
}

/** What was done, so that it can be done again over what is shown now. */
function asDone(entry: Entry, fields: Fields): Fields {
  const told = fieldsOf(entry.body);
  if (entry.body.kind !== "transition") return { ...told, ...fields };
  const steps = Object.entries(told).map(([name, change]): [string, Json] => {
    const to = (change as { to?: Json } | null)?.to;
    return [name, typeof to === "string" ? to : change];
  });
  return { ...Object.fromEntries(steps), ...fields };
}

function extraOf(entry: Entry): Fields {
  const names = ["conflict", "into", "undoes"].filter((name) => entry.body[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, entry.body[name] as Json]));
}
