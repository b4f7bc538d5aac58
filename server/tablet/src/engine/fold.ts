/**
 * Fold: what a worker sees, the base with their own operations laid over it.
 *
 * A device never merges. It keeps what the server sent (the base) apart from what it has made
 * itself, and lays one over the other whenever it shows a record.
 *
 * Invariants
 *   * Nothing given is changed: `fold` works on a copy, and values are made anew.
 *   * An operation that the base already contains changes nothing.
 *   * After `fold` a field's version is the stamp of the operation that wrote what is shown:
 *     the base that an edit of this value must name.
 *   * If the server acknowledged an operation as plain `applied`, folding it over the row that
 *     it was applied to gives the server's row.
 */
import type { Field, RecordType } from "./catalogue";
import type { PolicyName } from "./policies";
import { Record } from "./record";
import type { Raw } from "./replica_storage";
import type { Fields, Json } from "./types";
import { compareTexts } from "./values";

/** The name that stands for the whole record among the names of its fields. */
export const WHOLE = "*";

type Change = { readonly [member: string]: Json };
type Entries = readonly (readonly Json[])[];

/** A change that has no effect on what is shown. */
const UNCHANGED = Symbol("unchanged");

/**
 * The record as its worker sees it; null where there is nothing to see. `operations` are about
 * this record, as sent, in the order in which they were made. A deleted record comes back with
 * `deleted` set.
 */
export function fold(base: Record | null, operations: Iterable<Raw>, spec: RecordType): Record | null {
  let record = base === null ? null : base.copy();
  for (const raw of operations) record = KINDS[raw.kind](record, raw, spec);
  return record;
}

/** The names of the fields that an operation changes, or `*` for the whole record. */
export function touched(raw: Raw): readonly string[] {
  const named = raw.kind === "edit" || raw.kind === "transition" || raw.kind === "resolve";
  return named ? Object.keys(fieldsOf(raw)) : [WHOLE];
}

export function fieldsOf(raw: Raw): Fields {
  return (raw.fields ?? {}) as Fields;
}

// Kinds -------------------------------------------------------------------------------------

type Kind = (record: Record | null, raw: Raw, spec: RecordType) => Record | null;

function create(record: Record | null, raw: Raw, spec: RecordType): Record | null {
  if (record !== null) return record;
  const values: { [name: string]: Json } = { ...fieldsOf(raw) };
  if (spec.workflow !== null) values[spec.workflow.field] ??= spec.workflow.initial;
  for (const field of spec.fields) {
    const texts = values[field.name];
    if (field.policy === "append" && Array.isArray(texts)) {
      values[field.name] = texts.map((text) => entry(raw, text));
    }
  }
  return Record.created(raw.record, spec, raw.stamp, values);
}

function edit(record: Record | null, raw: Raw, spec: RecordType): Record | null {
  if (record === null) return null;
  for (const [name, change] of Object.entries(fieldsOf(raw))) {
    if (record.version(name) === raw.stamp) continue;
    const policy = spec.byName.get(name)?.policy ?? "latest";
    const value = CHANGES[policy](record.get(name), change, raw, spec);
    if (value !== UNCHANGED) record.put(name, value, raw.stamp);
  }
  record.head = raw.stamp;
  return record;
}

function remove(record: Record | null, raw: Raw): Record | null {
  if (record !== null) [record.deleted, record.head] = [true, raw.stamp];
  return record;
}

function restore(record: Record | null, raw: Raw): Record | null {
  if (record !== null) [record.deleted, record.head] = [false, raw.stamp];
  return record;
}

function resolve(record: Record | null, raw: Raw): Record | null {
  if (record === null) return null;
  for (const [name, value] of Object.entries(fieldsOf(raw))) {
    if (name === WHOLE) record.deleted = value === "deleted";
    else record.put(name, value, raw.stamp);
    record.unflag(name);
  }
  record.head = raw.stamp;
  return record;
}

const KINDS: { readonly [Name in Raw["kind"]]: Kind } = {
  create, edit, transition: edit, delete: remove, restore, merge: remove, resolve,
};

// Policies ----------------------------------------------------------------------------------

type Apply = (current: Json, change: Json, raw: Raw, spec: RecordType) => Json | typeof UNCHANGED;

const plain: Apply = (_current, change) => change;

function setChange(current: Json, change: Json): Json {
  const { add, remove: taken } = change as Change;
  const gone = new Set(listed(taken));
  const kept = listed(current).filter((tag) => !gone.has(tag));
  return [...new Set([...kept, ...listed(add)])].sort(compareTexts);
}

function sum(current: Json, change: Json): Json {
  return ((current ?? 0) as number) + ((change as Change).add as number);
}

function highest(current: Json, change: Json): Json | typeof UNCHANGED {
  const stays = change === null || (current !== null && change <= current);
  return stays ? UNCHANGED : change;
}

function lowest(current: Json, change: Json): Json | typeof UNCHANGED {
  const stays = change === null || (current !== null && change >= current);
  return stays ? UNCHANGED : change;
}

function append(current: Json, change: Json, raw: Raw): Json {
  return addEntries(current, [entry(raw, (change as Change).append ?? null)]);
}

/** A step shows only where the workflow has it from the state that is shown. */
function step(current: Json, change: Json, _raw: Raw, spec: RecordType): Json | typeof UNCHANGED {
  const to = (change as Change).to ?? null;
  const steps = spec.workflow?.transitions;
  const has = steps === undefined || steps.some((one) => one.from === current && one.to === to);
  return has ? to : UNCHANGED;
}

/** Policy → the value that is shown after a change, or `UNCHANGED`. */
const CHANGES: { readonly [Name in PolicyName]: Apply } = {
  ask: plain, latest: plain, text: plain, once: plain, set: setChange, sum, highest, lowest,
  append, workflow: step,
};

function listed(value: Json | undefined): string[] {
  return Array.isArray(value) ? (value as string[]) : [];
}

// Logs --------------------------------------------------------------------------------------

/** A log entry as the row will hold it, its time corrected as well as the device can. */
function entry(raw: Raw, value: Json): Json[] {
  return [raw.stamp, raw.at + (raw.offset_ms ?? 0), raw.actor, value];
}

/** A log with more entries, in the order of their corrected times; known ones are replaced. */
export function addEntries(log: Json, entries: Entries): Json[] {
  const stamps = new Set(entries.map((one) => one[0]));
  const kept = ((log ?? []) as Json[][]).filter((one) => !stamps.has(one[0] as Json));
  const all = [...kept, ...entries] as Json[][];
  return all.sort((one, other) => {
    const [a, b] = [one as [string, number], other as [string, number]];
    return a[1] - b[1] || (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0);
  });
}

/** The value of a field after an ack told `value`: of a log, only the new entries are told. */
export function asTold(field: Field | undefined, current: Json, value: Json): Json {
  if (field?.policy === "append") return addEntries(current, (value ?? []) as Json[][]);
  return value;
}
