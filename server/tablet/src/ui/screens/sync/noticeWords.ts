/**
 * Notices: what was decided about a worker's change, field by field.
 *
 * `before` and `after` are JSON texts by field. After a conflict was settled `before`
 * holds both values, the worker's and the one that stood; otherwise one. A text that
 * was cut short or is of a newer server is shown as it is, never dropped.
 */

import type { Json, RecordType, View } from "../../../engine";
import type { Model } from "../../../model";
import { labelOf, valueOf } from "./entryWords";

export interface Decision {
  name: string;
  label: string;
  /** The worker's own value, where there were two. */
  yours: string | null;
  /** What stood on the record. */
  before: string;
  /** What stands there now. */
  after: string;
}

/** What was decided for each field. */
export function decisionsOf(notice: View, spec: RecordType | null, model: Model): Decision[] {
  const before = parsed(notice.text("before"));
  const after = parsed(notice.text("after"));
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.map((name) => {
    const field = spec?.byName.get(name) ?? null;
    const words = (value: Json | undefined) => valueOf(field, value ?? null, model);
    const both = pairOf(before[name]);
    return {
      name,
      label: labelOf(name, spec),
      yours: both ? words(both["yours"]) : null,
      before: words(both ? both["server"] : before[name]),
      after: words(after[name]),
    };
  });
}

/** `{"yours": …, "server": …}`, or null for a plain value. */
function pairOf(value: Json | undefined): { [name: string]: Json } | null {
  const isObject = value !== null && typeof value === "object" && !Array.isArray(value);
  return isObject && "yours" in value && "server" in value ? value : null;
}

function parsed(text: string): { [name: string]: Json } {
  if (text === "") return {};
  try {
    const read: unknown = JSON.parse(text);
    const isObject = read !== null && typeof read === "object" && !Array.isArray(read);
    return isObject ? (read as { [name: string]: Json }) : { "*": text };
  } catch {
    return { "*": text };
  }
}

/** When a notice was written: a record id (UUIDv7) begins with its milliseconds. */
export function madeMs(notice: View): number | null {
  const ms = Number.parseInt(notice.id.replace(/-/g, "").slice(0, 12), 16);
  return Number.isFinite(ms) ? ms : null;
}
