/**
 * Field policies: how edits of a field are written, and whether they name what they saw.
 *
 * What happens when two people change a field at once is the server's to decide; a device
 * needs of each policy only the form of its changes.
 */
import type { KindName } from "./values";

/** `value`, `change` ({add, remove}), `delta` ({add}), `entry` ({append}) or `step` ({from, to}). */
export type Form = "value" | "change" | "delta" | "entry" | "step";

export interface Policy {
  readonly needsBase: boolean;
  readonly form: Form;
  readonly kinds: ReadonlySet<KindName>;
}

const ORDERED: readonly KindName[] = ["integer", "number", "instant", "date"];
const PLAIN: readonly KindName[] = [
  ...ORDERED, "text", "longtext", "boolean", "choice", "reference", "attachment", "geometry", "tags",
];

function policy(needsBase: boolean, form: Form, kinds: readonly KindName[]): Policy {
  return { needsBase, form, kinds: new Set(kinds) };
}

export const POLICIES = {
  ask: policy(true, "value", PLAIN),
  latest: policy(true, "value", PLAIN),
  text: policy(true, "value", ["text", "longtext"]),
  set: policy(true, "change", ["tags"]),
  sum: policy(false, "delta", ["integer", "number"]),
  highest: policy(false, "value", ORDERED),
  lowest: policy(false, "value", ORDERED),
  append: policy(false, "entry", ["log"]),
  workflow: policy(false, "step", ["choice"]),
  once: policy(true, "value", PLAIN),
} as const;

export type PolicyName = keyof typeof POLICIES;
