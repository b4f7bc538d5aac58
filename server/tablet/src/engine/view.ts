/**
 * The view: one record as its worker sees it, and what is marked on it.
 *
 * Invariants
 *   * A stored row of another schema reads by the names of its members: no value is lost, and
 *     none appears under another name.
 *   * Every field that a pending operation touches has a mark.
 */
import { ROW_HEAD, type RecordType } from "./catalogue";
import { fold, touched } from "./fold";
import { Record } from "./record";
import type { Entry, State, Stored } from "./replica_storage";
import type { Fields, Json, Mark, View } from "./types";

/** State of an operation → the mark of what it touches. What has arrived needs none. */
const MARKS: { readonly [Name in State]?: Mark } = {
  waiting: "waiting", held: "held", rejected: "rejected",
};

const ORDER: readonly Mark[] = ["waiting", "held", "rejected", "conflict"];
/** The marks from the one that needs a person most. */
const WORST: readonly Mark[] = ["rejected", "conflict", "held", "waiting"];

const NO_MARKS: ReadonlyMap<string, readonly Mark[]> = new Map();

class Seen implements View {
  constructor(readonly record: Record, readonly marks: ReadonlyMap<string, readonly Mark[]>) {}

  get id(): string {
    return this.record.id;
  }

  get type(): string {
    return this.record.spec.name;
  }

  get spec(): RecordType {
    return this.record.spec;
  }

  get head(): string {
    return this.record.head;
  }

  get deleted(): boolean {
    return this.record.deleted;
  }

  get badge(): Mark | null {
    if (this.marks.size === 0) return null;
    const all = new Set([...this.marks.values()].flat());
    return WORST.find((one) => all.has(one)) ?? null;
  }

  get(name: string): Json {
    return this.record.get(name);
  }

  text(name: string): string {
    const value = this.record.get(name);
    return value === null ? "" : String(value);
  }

  values(): { [name: string]: Json } {
    const named = this.spec.fields.map((one) => [one.name, this.record.get(one.name)]);
    return { ...Object.fromEntries(named), ...(this.record.x ?? {}) };
  }
}

/** What is seen of a base row and the pending operations about it, in their order. */
export function look(base: Record | null, entries: readonly Entry[], spec: RecordType): View | null {
  const shown = entries.length === 0 ? base : fold(base, entries.map((one) => one.body), spec);
  if (shown === null) return null;
  if (entries.length === 0 && shown.c === null) return new Seen(shown, NO_MARKS);
  const marks = new Map<string, Set<Mark>>();
  const note = (name: string, mark: Mark) => {
    marks.set(name, (marks.get(name) ?? new Set()).add(mark));
  };
  for (const entry of entries) {
    const mark = MARKS[entry.state];
    if (mark !== undefined) for (const name of touched(entry.body)) note(name, mark);
  }
  for (const name of shown.c ?? []) note(name, "conflict");
  const ordered = [...marks.keys()].sort().map((name): [string, readonly Mark[]] => (
    [name, ORDER.filter((one) => marks.get(name)?.has(one))]
  ));
  return new Seen(shown, new Map(ordered));
}

/** The record behind a view that this module made. */
export function recordOf(view: View): Record {
  return (view as Seen).record;
}

/** The record of a stored row. Values are shared with the row. */
export function asRecord(stored: Stored, spec: RecordType): Record {
  const { keys, row } = stored;
  if (keys === spec.keys || sameKeys(keys, spec.keys)) return Record.fromRow(row, spec, stored.deleted);
  const known: { [name: string]: Json } = { ...(row[5] as Fields | null) };
  keys.slice(ROW_HEAD.length).forEach((name, place) => {
    known[name] = row[ROW_HEAD.length + place] ?? null;
  });
  const unknown = Object.entries(known).filter(([name]) => !spec.index.has(name));
  const read = [
    ...row.slice(0, 5),
    unknown.length > 0 ? Object.fromEntries(unknown) : null,
    ...spec.fields.map((one) => known[one.name] ?? null),
  ];
  return Record.fromRow(read, spec, stored.deleted);
}

function sameKeys(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((key, place) => key === other[place]);
}

/** The row to store for a record of which its worker has seen the head `seen`. */
export function asStored(record: Record, seen: string): Stored {
  const { id, spec, deleted } = record;
  return { record: id, type: spec.name, keys: spec.keys, row: record.row(), deleted, seen };
}
