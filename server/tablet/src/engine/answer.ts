/**
 * The answer: the lines of an exchange as values.
 *
 * What comes over a bad network may be cut, stale, or from a proxy that answers with a page
 * of its own. A line is taken only if it has the form of the contract; everything else is one
 * error, and means that the answer ended before it.
 *
 * Invariants
 *   * `readLine` returns one of the four values or throws `AnswerError`, nothing else.
 *   * Members that this program does not know are ignored: a newer server may add some.
 */
import { ROW_HEAD } from "./catalogue";
import type { Digest } from "./digests";
import type { Row } from "./record";
import type { Fields } from "./types";
import { has } from "./values";

/** What came is not an answer of the contract. */
export class AnswerError extends Error {}

/** `feeds` is null, with a `problem`, if this device may only hand in. */
export interface Hello {
  readonly kind: "hello";
  readonly protocol: number;
  readonly schema: number;
  readonly epoch: string;
  readonly now: number;
  readonly feeds: readonly string[] | null;
  readonly evicted: readonly string[];
  readonly reset: readonly string[];
  readonly wipe: boolean;
  readonly problem: Fields | null;
  /** How many days without an exchange a device may show records, where the server says so. */
  readonly leaseDays: number | null;
  /** How many records will come of each feed that begins anew, where the server says so. */
  readonly expect: { readonly [feed: string]: number } | null;
}

export interface Ack {
  readonly kind: "ack";
  readonly stamp: string | null;
  readonly outcome: string;
  readonly head: string | null;
  readonly feeds: readonly string[];
  readonly fields: Fields | null;
  readonly versions: { readonly [field: string]: string } | null;
  readonly repeated: boolean;
  readonly conflict: string | null;
  readonly needs: string | null;
  readonly problem: Fields | null;
}

/** Rows of one type in a page; `keys` names their members. */
export interface Block {
  readonly type: string;
  readonly keys: readonly string[];
  readonly rows: readonly Row[];
}

export interface Page {
  readonly kind: "page";
  readonly feed: string;
  readonly cursor: string | null;
  readonly put: readonly Block[];
  readonly deleted: { readonly [record: string]: string };
  readonly left: readonly string[];
  readonly alias: { readonly [record: string]: string | null };
  /** Records of own work from which something was erased, wherever they are. */
  readonly redacted: readonly string[];
}

export interface Done {
  readonly kind: "done";
  readonly more: boolean;
  readonly digests: ReadonlyMap<string, Digest>;
}

export type Line = Hello | Ack | Page | Done;

const OUTCOMES: readonly unknown[] = ["applied", "merged", "conflict", "held", "rejected"];

type Told = { readonly [member: string]: unknown };
type Reader = (body: Told) => Line;

/** One line of an answer. */
export function readLine(text: Uint8Array): Line {
  const told = parsed(text);
  const entries = isObject(told) ? Object.entries(told) : [];
  const [key, body] = entries[0] ?? ["", null];
  if (entries.length !== 1) throw new AnswerError("a line is not an object with one key");
  if (!has(READERS, key) || !isObject(body)) throw new AnswerError("a line has an unknown key");
  try {
    return (READERS[key] as Reader)(body);
  } catch {
    throw new AnswerError(`a line '${key}' lacks something or has it in another form`);
  }
}

function parsed(text: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(text));
  } catch {
    throw new AnswerError("a line is not JSON");
  }
}

// Forms -------------------------------------------------------------------------------------

function isObject(value: unknown): value is Told {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  if (typeof value !== "string") throw new TypeError();
  return value;
}

function whole(value: unknown): number {
  if (!Number.isInteger(value)) throw new TypeError();
  return value as number;
}

function object(value: unknown): Told {
  if (!isObject(value)) throw new TypeError();
  return value;
}

function orNull<T>(value: unknown, read: (value: unknown) => T): T | null {
  return value === null || value === undefined ? null : read(value);
}

function texts(value: unknown): string[] {
  if (!Array.isArray(value)) throw new TypeError();
  return value.map(text);
}

function textMap(value: unknown): { [key: string]: string } {
  return Object.fromEntries(Object.entries(object(value)).map(([key, one]) => [key, text(one)]));
}

function counts(value: unknown): { [feed: string]: number } {
  return Object.fromEntries(Object.entries(object(value)).map(([feed, one]) => [feed, whole(one)]));
}

function fieldsOrNull(value: unknown): Fields | null {
  return orNull(value, object) as Fields | null;
}

// Lines -------------------------------------------------------------------------------------

function hello(body: Told): Hello {
  return {
    kind: "hello",
    protocol: whole(body.protocol),
    schema: whole(body.schema),
    epoch: text(body.epoch),
    now: whole(body.now),
    feeds: orNull(body.feeds, texts),
    evicted: texts(body.evicted ?? []),
    reset: texts(body.reset ?? []),
    wipe: body.wipe === true,
    problem: fieldsOrNull(body.problem),
    expect: orNull(body.expect, counts),
    leaseDays: typeof body.lease_days === "number" && body.lease_days > 0 ? body.lease_days : null,
  };
}

function ack(body: Told): Ack {
  if (!OUTCOMES.includes(body.outcome)) throw new TypeError();
  if (body.stamp === undefined) throw new TypeError();
  return {
    kind: "ack",
    stamp: orNull(body.stamp, text),
    outcome: text(body.outcome),
    head: orNull(body.head, text),
    feeds: texts(body.feeds ?? []),
    fields: fieldsOrNull(body.fields),
    versions: orNull(body.versions, textMap),
    repeated: body.repeated === true,
    conflict: orNull(body.conflict, text),
    needs: orNull(body.needs, text),
    problem: fieldsOrNull(body.problem),
  };
}

function block(told: unknown): Block {
  const body = object(told);
  const keys = texts(body.keys);
  if (ROW_HEAD.some((key, place) => keys[place] !== key)) throw new TypeError();
  if (!Array.isArray(body.rows)) throw new TypeError();
  for (const row of body.rows) checkRow(row, keys.length);
  return { type: text(body.type), keys, rows: body.rows as Row[] };
}

/** A row from before its type got its last fields ends before them. */
function checkRow(row: unknown, length: number): void {
  if (!Array.isArray(row) || row.length < ROW_HEAD.length || row.length > length) throw new TypeError();
  const [record, head, version, versions, conflicts, unknown] = row as unknown[];
  [record, head, version].forEach(text);
  orNull(versions, object);
  if (conflicts !== null && !Array.isArray(conflicts)) throw new TypeError();
  orNull(unknown, object);
}

function page(body: Told): Page {
  if (body.cursor === undefined) throw new TypeError();
  const put = body.put ?? [];
  if (!Array.isArray(put)) throw new TypeError();
  return {
    kind: "page",
    feed: text(body.feed),
    cursor: orNull(body.cursor, text),
    put: put.map(block),
    deleted: textMap(body.deleted ?? {}),
    left: texts(body.left ?? []),
    alias: Object.fromEntries(
      Object.entries(object(body.alias ?? {})).map(([record, into]) => [record, orNull(into, text)]),
    ),
    redacted: texts(body.redacted ?? []),
  };
}

function done(body: Told): Done {
  if (typeof body.more !== "boolean") throw new TypeError();
  return { kind: "done", more: body.more, digests: readDigests(body.digests) };
}

/** {feed: [count, sum]}, as in `done`. Throws `TypeError`. */
export function readDigests(told: unknown): ReadonlyMap<string, Digest> {
  const digests = new Map<string, Digest>();
  for (const [feed, pair] of Object.entries(object(told))) {
    if (!Array.isArray(pair) || pair.length !== 2) throw new TypeError();
    digests.set(feed, [whole(pair[0]), whole(pair[1])]);
  }
  return digests;
}

const READERS: { readonly [key: string]: Reader } = { hello, ack, page, done };
