/**
 * Orders: the steps that a person may take with a work order, as the catalogue has them.
 *
 * The table of transitions is the server's, carried by the catalogue: the tablet
 * offers what it has from the present state for the role of its worker, and asks for
 * what a step requires. What the server then finds may differ, for somebody else may
 * have been faster; that is a conflict which the notices tell.
 *
 * Invariant: a step is offered only with everything that it requires filled in or asked for.
 */

import type { Transition } from "../../engine/catalogue";
import type { Fields, Json } from "../../engine/types";

/** What this very step must write, though the order may hold an older one (`WRITTEN_ANEW`). */
const WRITTEN_ANEW: ReadonlySet<string> = new Set(["log", "returns"]);

/** What is filled in without asking: who takes an order is who taps, a return counts one. */
const FILLED: Readonly<Record<string, (me: string) => Json>> = {
  accepted_by: (me) => me,
  returns: () => ({ add: 1 }),
};

/** Steps that lead the work on come first; the first is the screen's one main thing. */
const ONWARD = [
  "claim",
  "accept",
  "start",
  "settle",
  "handle",
  "resume",
  "check",
  "follow_up",
  "close",
];

/** A step that may be taken now, with the fields that must be asked for. */
export interface Step {
  transition: Transition;
  asks: readonly string[];
}

/** The steps from an order's present state for a role; onward ones first. */
export function stepsFor(
  transitions: readonly Transition[],
  status: unknown,
  role: string,
  held: Fields,
): Step[] {
  return transitions
    .filter((one) => one.from === status && one.who.includes(role))
    .map((transition) => ({ transition, asks: asked(transition, held) }))
    .sort((a, b) => place(a) - place(b));
}

const place = ({ transition }: Step): number => {
  const at = ONWARD.indexOf(transition.name);
  return at < 0 ? ONWARD.length : at;
};

function asked({ requires }: Transition, held: Fields): string[] {
  return requires.filter((field) => {
    if (field in FILLED) return false;
    return WRITTEN_ANEW.has(field) || isEmpty(held[field]);
  });
}

/** What is offered beside what a step asks for, and may be left out: a photo of the result. */
const BESIDE: Readonly<Record<string, readonly string[]>> = { result: ["result_photo"] };

export const offeredBy = ({ asks }: Step): string[] => asks.flatMap((name) => BESIDE[name] ?? []);

/** Whether a field is offered beside one that is filled in: then it is shown empty as well. */
export const isOffered = (field: string, held: (name: string) => Json): boolean =>
  Object.entries(BESIDE).some(([name, beside]) => beside.includes(field) && !isEmpty(held(name)));

export const isEmpty = (value: Json | undefined): boolean =>
  value === null ||
  value === undefined ||
  value === "" ||
  (Array.isArray(value) && value.length === 0);

/** The fields that a step writes: what was asked for, and what is known. */
export function written({ transition }: Step, me: string, answers: Fields): Record<string, Json> {
  const fields: Record<string, Json> = { ...answers };
  for (const field of transition.requires) {
    const fill = FILLED[field];
    if (fill && !(field in fields)) fields[field] = fill(me);
  }
  return fields;
}

const RESTING: ReadonlySet<string> = new Set(["closed", "merged", "rejected"]);

/** Whether an order still has work in it. */
export const isOpen = (status: unknown): boolean =>
  typeof status === "string" && !RESTING.has(status);
