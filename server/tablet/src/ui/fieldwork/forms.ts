/**
 * Forms: what a person is asked about a record, and what they changed.
 *
 * A form is made from the catalogue, so that a record type which the server declares
 * tomorrow can be filled in on this tablet today. What stands in its inputs is kept
 * apart from the record: as text where text is typed ("12" is on its way to "120"),
 * so that it can be put into a draft at any moment and come back as it was.
 *
 * Invariants
 *   - `changes` names only what differs from what was shown: a stale value reverts nobody.
 *   - What cannot be understood is a problem beside its input, never a silent null.
 *   - A value that came from a newer server in a form unknown here is not changed unless
 *     somebody types into its input.
 */

import { type Field, type RecordType, valueProblem } from "../../engine/catalogue";
import type { Json, View, Words } from "../../engine/types";
import { same } from "../../engine/values";

/** How a field is asked for. `shown`: what nobody types (clocks, workflows, counts). */
export type Input =
  | "text"
  | "longtext"
  | "number"
  | "boolean"
  | "date"
  | "instant"
  | "radios"
  | "select"
  | "checks"
  | "words"
  | "reference"
  | "geometry"
  | "entry"
  | "photo"
  | "shown";

/** What stands in the inputs, by field. Text where text is typed. */
export type Raw = { [name: string]: Json };

const INPUTS: Readonly<Record<string, Input>> = {
  text: "text",
  longtext: "longtext",
  integer: "number",
  number: "number",
  boolean: "boolean",
  date: "date",
  instant: "instant",
  choice: "select",
  tags: "checks",
  reference: "reference",
  geometry: "geometry",
  log: "entry",
  attachment: "photo",
};
const RADIOS_MAX = 5;
const SHOWN_POLICIES: ReadonlySet<string> = new Set(["workflow", "sum", "highest", "lowest"]);

/** How a field is asked for (the console's default forms decide in the same way). */
export function inputOf(field: Field): Input {
  if (field.clock || SHOWN_POLICIES.has(field.policy)) return "shown";
  if (field.kind === "choice" && field.choices.length <= RADIOS_MAX) return "radios";
  if (field.kind === "tags" && field.choices.length === 0) return "words";
  return INPUTS[field.kind] ?? "shown";
}

/** The fields that a form of a type asks for, in the order of the declaration. */
export function asked(spec: RecordType): Field[] {
  return spec.fields.filter((field) => inputOf(field) !== "shown");
}

/** What stands in an input for a value of the record. */
export function toRaw(field: Field, value: Json | undefined): Json {
  if (field.kind === "log") return "";
  if (field.kind === "tags") return Array.isArray(value) ? value : [];
  if (value === null || value === undefined) return field.kind === "boolean" ? null : "";
  if (field.kind === "integer" || field.kind === "number") return String(value);
  if (field.kind === "instant") return typeof value === "number" ? toLocal(value) : "";
  return value;
}

/** What a form of an existing record (or of a new one, with what is known) begins with. */
export function begin(spec: RecordType, of: View | null, known: Raw = {}): Raw {
  const raw: Raw = {};
  for (const field of asked(spec)) {
    raw[field.name] = toRaw(field, of ? of.get(field.name) : known[field.name]);
  }
  return raw;
}

/** The value that an input's content means, or what is wrong with it. */
export function fromRaw(field: Field, raw: Json | undefined): { value: Json } | { wrong: Words } {
  const value = meant(field, raw);
  const wrong = value === undefined ? notUnderstood(field) : problemOf(field, value);
  return wrong ? { wrong } : { value: value as Json };
}

const notUnderstood = (field: Field): Words =>
  field.kind === "instant"
    ? { zh: "请选全日期和时间", en: "choose the whole date and time" }
    : { zh: "应为数字", en: "it must be a number" };

/** A field whose choices include what a record holds: it may be older than their table. */
export function withHeld(field: Field, held: Json | undefined): Field {
  if (field.kind !== "tags" || field.choices.length === 0 || !Array.isArray(held)) return field;
  const known = new Set(field.choices.map((one) => one.value));
  const older = held.filter((tag): tag is string => typeof tag === "string" && !known.has(tag));
  const named = older.map((value) => ({ value, label: { zh: value, en: value } }));
  return { ...field, choices: [...field.choices, ...named] };
}

/** A log has nothing to check but its entry, which need not be there. */
function problemOf(field: Field, value: Json): Words | null {
  return field.kind === "log" && value === null ? null : valueProblem(field, value);
}

/** The value meant; undefined if the text means none. */
function meant(field: Field, raw: Json | undefined): Json | undefined {
  if (raw === undefined || raw === null || raw === "") return null;
  if (typeof raw !== "string") return raw;
  if (field.kind === "integer" || field.kind === "number") {
    const plain = raw.normalize("NFKC").replace(/\s/g, "");
    if (plain === "") return null;
    return Number.isFinite(Number(plain)) ? Number(plain) : undefined;
  }
  if (field.kind === "instant") return fromLocal(raw);
  const text = field.kind === "longtext" || field.kind === "log" ? raw.trimEnd() : raw.trim();
  return text === "" ? null : text;
}

export interface Changes {
  /** What differs from what was shown, in the form that an operation takes. */
  fields: Record<string, Json>;
  /** Field → what is wrong with what stands in its input. */
  wrong: ReadonlyMap<string, Words>;
}

/** What a form changed. `of` is the record as it was shown when the form was opened, or null. */
export function changes(spec: RecordType, of: View | null, raw: Raw): Changes {
  const fields: Record<string, Json> = {};
  const wrong = new Map<string, Words>();
  for (const field of asked(spec)) {
    if (!(field.name in raw) || untouched(field, of, raw)) continue;
    const read = fromRaw(withHeld(field, of?.get(field.name)), raw[field.name]);
    if ("wrong" in read) wrong.set(field.name, read.wrong);
    else if (field.kind !== "log") put(fields, field, read.value, of);
    else if (read.value !== null) fields[field.name] = of ? { append: read.value } : [read.value];
  }
  if (!of) missing(spec, raw, wrong);
  return { fields, wrong };
}

function put(fields: Record<string, Json>, field: Field, value: Json, of: View | null): void {
  const shown = of?.get(field.name) ?? (field.kind === "tags" ? [] : null);
  const isNothing = value === null || (Array.isArray(value) && value.length === 0);
  if (of ? !same(value, shown) : !isNothing) fields[field.name] = value;
}

/** What an existing record had stands in the input as it did: nothing was changed here. */
const untouched = (field: Field, of: View | null, raw: Raw): boolean =>
  of !== null && same(raw[field.name], toRaw(field, of.get(field.name)));

/** A new record lacks what is required and has no input content at all. */
function missing(spec: RecordType, raw: Raw, wrong: Map<string, Words>): void {
  for (const field of spec.fields) {
    if (!field.required || wrong.has(field.name) || !(field.name in raw)) continue;
    const words = valueProblem(field, meant(field, raw[field.name]) ?? null);
    if (words) wrong.set(field.name, words);
  }
}

// Instants, typed as the county's clock shows them ------------------------------------------

const COUNTY_OFFSET_MS = 8 * 3_600_000;

/** An instant as `<input type="datetime-local">` holds it, by the county's clock (UTC+8, no summer time). */
export function toLocal(ms: number): string {
  return new Date(ms + COUNTY_OFFSET_MS).toISOString().slice(0, 16);
}

function fromLocal(text: string): number | undefined {
  const ms = Date.parse(`${text}Z`);
  return Number.isNaN(ms) ? undefined : ms - COUNTY_OFFSET_MS;
}
