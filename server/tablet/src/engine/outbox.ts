/**
 * The outbox: turns what a worker did into operations that can be judged days later.
 *
 * What a worker saw may be the server's value, their own that waits, or their own that was
 * kept back: each has another version, and naming the wrong one would make a conflict with
 * oneself, or hide one with somebody else.
 *
 * Invariants
 *   * An operation names only what the worker changed: a stale value reverts nobody.
 *   * The base of a field is the version of the value that was shown. It is an own operation's
 *     stamp only if that operation's value is what was changed.
 *   * `base["*"]` of an edit is a head that the server told, wherever there is one, so that an
 *     edit does not fall with another of its author's that is refused.
 *   * What would be refused for its form is refused here, before it is queued.
 *
 * This module keeps nothing: `replica.ts` stores the operations in the block in which the
 * record was read.
 */
import type { RecordType } from "./catalogue";
import { fieldsOf, fold, WHOLE } from "./fold";
import { checkValues } from "./operation";
import { POLICIES, type Form } from "./policies";
import { Refused } from "./problems";
import type { Record } from "./record";
import type { Entry, Raw } from "./replica_storage";
import type { Draft, Fields, Json } from "./types";
import { compareTexts, same } from "./values";

/**
 * A record as its worker sees it, and what it is made of. `shown` has every own operation
 * folded in, `sure` all but the kept ones. `told` is the head that the worker has seen from
 * the server (of an own new record: its create).
 */
export interface Seen {
  readonly shown: Record | null;
  readonly sure: Record | null;
  readonly told: string | null;
  readonly kept: readonly Entry[];
}

/** What is seen of a base row with `entries` pending. */
export function seenOf(
  base: Record | null, entries: readonly Entry[], spec: RecordType, seenHead: string | null,
): Seen {
  if (base !== null && seenHead !== null) {
    base = base.copy();
    base.head = seenHead;
  }
  const isKept = (entry: Entry) => entry.state === "held" || entry.state === "rejected";
  const kept = entries.filter(isKept);
  const sure = fold(base, entries.filter((one) => !isKept(one)).map((one) => one.body), spec);
  const shown = kept.length > 0 ? fold(base, entries.map((one) => one.body), spec) : sure;
  const made = entries.find((one) => one.body.kind === "create")?.stamp ?? null;
  return { shown, sure, told: seenHead ?? made, kept };
}

/** Who makes an operation, when, and knowing what of the server's clock. */
export interface Making {
  readonly stamp: string;
  readonly actor: string;
  readonly schema: number;
  readonly at: number;
  readonly offsetMs: number | null;
}

/**
 * The operation that says what the draft did, or null if it changed nothing. Refuses if there
 * is no such record, or a value does not fit its field.
 */
export function operation(draft: Draft, seen: Seen, spec: RecordType, making: Making): Raw | null {
  const wanted = draft.fields ?? {};
  let told: { fields: Fields; base?: Fields };
  if (draft.kind === "create") {
    if (seen.shown !== null) throw new Refused("record_exists", { pointer: "/record" });
    const filled = Object.entries(wanted).filter(([, value]) => value !== null);
    told = { fields: Object.fromEntries(filled) };
  } else {
    told = change(spec, seen, draft.kind, wanted);
    const changes = draft.kind === "edit" || draft.kind === "transition" || draft.kind === "resolve";
    if (changes && Object.keys(told.fields).length === 0) return null;
  }
  const raw = {
    stamp: making.stamp, group: null, actor: making.actor, schema: making.schema, at: making.at,
    offset_ms: making.offsetMs, type: spec.name, record: draft.record, kind: draft.kind,
    ...told, reason: null, ...draft.extra,
  } as Raw;
  checkValues(raw, spec);
  return raw;
}

/** The `fields` and the `base` of an operation that makes the record as wanted. */
export function change(
  spec: RecordType, seen: Seen, kind: Draft["kind"], wanted: Fields,
): { fields: Fields; base: Fields } {
  const { shown } = seen;
  if (shown === null) throw new Refused("unknown_record", { pointer: "/record" });
  if (shown.deleted && (kind === "edit" || kind === "transition")) {
    throw new Refused("deleted", { pointer: "/record" });
  }
  const base: { [name: string]: Json } = { [WHOLE]: headToName(seen, shown, kind) };
  if (kind === "resolve") return { fields: { ...wanted }, base };
  const fields: { [name: string]: Json } = {};
  for (const [name, value] of Object.entries(wanted)) {
    const { form, needsBase } = POLICIES[spec.byName.get(name)?.policy ?? "latest"];
    const made = FORMS[form](value, shown.get(name));
    if (made === null) continue;
    fields[name] = made[0];
    if (needsBase) base[name] = versionToName(seen, shown, name, made[0], form === "change");
  }
  return { fields, base };
}

/** The head to name. Only what is compared (a deletion …) must build on what still waits. */
function headToName(seen: Seen, shown: Record, kind: Draft["kind"]): string {
  const plain = kind === "edit" || kind === "transition" || kind === "resolve";
  return plain && seen.told !== null ? seen.told : (seen.sure ?? shown).head;
}

function versionToName(seen: Seen, shown: Record, name: string, made: Json, isSet: boolean): string {
  if (!isSet || seen.sure === null) return shown.version(name);
  return keptChange(seen.kept, name, made) ?? seen.sure.version(name);
}

/** The last kept operation that had changed in a set what is changed now. */
function keptChange(kept: readonly Entry[], name: string, made: Json): string | null {
  const mine = new Set(tagsOf(made));
  for (const entry of [...kept].reverse()) {
    if (tagsOf(fieldsOf(entry.body)[name] ?? null).some((tag) => mine.has(tag))) return entry.stamp;
  }
  return null;
}

function tagsOf(change: Json): string[] {
  if (!isObject(change)) return [];
  return [...listed(change.add), ...listed(change.remove)];
}

function listed(value: Json | undefined): string[] {
  return Array.isArray(value) ? (value as string[]) : [];
}

function isObject(value: Json): value is { [name: string]: Json } {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

// Forms -------------------------------------------------------------------------------------
// Each answers with the change in a tuple, or null where nothing changes.

type Make = (value: Json, current: Json) => readonly [Json] | null;

const plainValue: Make = (value, current) => (same(value, current) ? null : [value]);

function setChange(value: Json, current: Json): readonly [Json] | null {
  const present = new Set(listed(current));
  const [asked, gone] = isObject(value)
    ? [listed(value.add), listed(value.remove)]
    : [listed(value), [...present].filter((tag) => !listed(value).includes(tag))];
  const add = [...new Set(asked)].filter((tag) => !present.has(tag)).sort(compareTexts);
  const remove = [...new Set(gone)].filter((tag) => present.has(tag)).sort(compareTexts);
  return add.length > 0 || remove.length > 0 ? [{ add, remove }] : null;
}

function delta(value: Json, current: Json): readonly [Json] | null {
  // What is no number is let through: `checkValues` says so by the field's label.
  const add = isObject(value) ? (value.add ?? null)
    : typeof value === "number" ? value - ((current ?? 0) as number) : value;
  return add === 0 ? null : [{ add }];
}

const logEntry: Make = (value) => [isObject(value) ? value : { append: value }];

const workflowStep: Make = (value, current) => [isObject(value) ? value : { from: current, to: value }];

const FORMS: { readonly [Name in Form]: Make } = {
  value: plainValue, change: setChange, delta, entry: logEntry, step: workflowStep,
};
