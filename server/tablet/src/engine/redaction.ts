/**
 * Redaction: values that a person had erased are taken out of own work too.
 *
 * What is known of somebody can be erased at their request, everywhere and for good. A row
 * says so in a member of its own; the device then writes over these fields in every operation
 * about the record that it still keeps, and never hands these operations in again. Where no row
 * may come any more (the record was deleted, or moved on), a page names the record.
 */
import type { Page } from "./answer";
import { fieldsOf } from "./fold";
import { eraseUnnamed, eraseUploads } from "./photo_rows";
import type { Entry, Raw, Shelf } from "./replica_storage";
import type { Fields, Json } from "./types";
import { same } from "./values";

/** The member of a row's `x` that says so: [stamp of the redaction, names of its fields]. */
const MARK = "_redacted";

const X = 5; // The place of `x` in every row.

/** Whether values were taken out of an operation. */
export function isRedacted(raw: Raw): boolean {
  return raw.redacted === true;
}

/** An entry without the values of some fields, and without its reason; it is settled. */
export function blanked(entry: Entry, names: readonly string[]): Entry {
  const without = (fields: Fields) => Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, names.includes(name) ? null : value]),
  );
  const { fields } = entry.body;
  const body: Raw = {
    ...entry.body,
    reason: null,
    redacted: true,
    fields: fields === null || fields === undefined ? null : without(fields as Fields),
  };
  return { ...entry, state: "acknowledged", body, was: without(entry.was) };
}

/** Take out of what is kept of own work what was redacted: rows that say so are new here. */
export function writeOver(shelf: Shelf, page: Page): void {
  const marks = new Map<string, Json>();
  for (const row of page.put.flatMap((block) => block.rows)) {
    const [record, mark] = [row[0] as string, markOf(row[X])];
    if (mark !== null && !same(mark, markOf(shelf.row(record)?.row[X]))) marks.set(record, mark);
  }
  if (marks.size === 0 && page.redacted.length === 0) return;
  for (const entry of shelf.inState("waiting", "acknowledged", "arriving", "held", "rejected")) {
    const mark = marks.get(entry.record) as [string, string[]] | undefined;
    // Of a named record nobody says which values went. What waits the server refuses itself.
    const isNamed = entry.state !== "waiting" && page.redacted.includes(entry.record);
    const names = isNamed ? Object.keys(fieldsOf(entry.body)) : mark?.[1];
    if (names === undefined || !isKept(entry, names)) continue;
    eraseUploads(shelf, entry, names);
    shelf.saveEntry(blanked(entry, names));
  }
  for (const row of page.put.flatMap((block) => block.rows)) {
    if (marks.has(row[0] as string)) eraseUnnamed(shelf, row[0] as string, row);
  }
  for (const record of page.redacted) {
    const stored = shelf.row(record);
    eraseUnnamed(shelf, record, stored === null || stored.deleted ? [] : stored.row);
  }
}

/**
 * Whether work was answered, perhaps by a server that was lost since, or was never sent.
 *
 * What was never sent is refused by the server, which keeps that it was made. Of what goes back
 * to a restored server, only what says something that was erased stays here.
 */
function isKept(entry: Entry, names: readonly string[]): boolean {
  if (entry.state !== "waiting") return true;
  return entry.answeredMs !== null && names.some((name) => name in fieldsOf(entry.body));
}

/** Whether something was erased from a row. */
export function isMarked(row: readonly Json[]): boolean {
  return markOf(row[X]) !== null;
}

function markOf(unknown: Json | undefined): Json {
  if (unknown === null || typeof unknown !== "object" || Array.isArray(unknown)) return null;
  return unknown[MARK] ?? null;
}
