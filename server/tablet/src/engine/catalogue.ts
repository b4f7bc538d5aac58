/**
 * The catalogue: what kinds of records there are, as the server declares them.
 *
 * A tablet learns its record types from a server that may be newer than the app, with kinds
 * of fields and policies that the app has never heard of. It must still show and carry them.
 *
 * Invariants
 *   * The order of a type's fields is the order of the values in its wire rows.
 *   * A kind or policy unknown here reads as a text of policy `latest`: shown as it is,
 *     changed as a whole, never merged here.
 */
import { POLICIES, type PolicyName } from "./policies";
import type { Json, Words } from "./types";
import { has, KINDS, type KindName } from "./values";

/** The keys before a type's own fields in every wire row. */
export const ROW_HEAD = ["record", "head", "v", "vx", "c", "x"] as const;

export interface Choice {
  readonly value: string;
  readonly label: Words;
}

/** One field of a record type. `choices` stand in the order of the declaration. */
export interface Field {
  readonly name: string;
  readonly kind: KindName;
  readonly policy: PolicyName;
  readonly label: Words;
  readonly required: boolean;
  readonly choices: readonly Choice[];
  /** The type that a `reference` points to. */
  readonly to: string | null;
  /** An `instant` that the device's clock fills; nobody types it. */
  readonly clock: boolean;
}

export interface Transition {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly who: readonly string[];
  /** Fields that must be filled before, or by the step itself. */
  readonly requires: readonly string[];
  readonly label: Words;
}

export interface Workflow {
  readonly field: string;
  readonly initial: string;
  readonly transitions: readonly Transition[];
}

export interface RecordType {
  readonly name: string;
  readonly label: Words;
  readonly fields: readonly Field[];
  /** Field name → field. */
  readonly byName: ReadonlyMap<string, Field>;
  /** Field name → its place among the values of a row. */
  readonly index: ReadonlyMap<string, number>;
  /** The names of a wire row's members, in order. */
  readonly keys: readonly string[];
  readonly feeds: readonly { readonly kind: string; readonly by: string | null }[];
  /** `create`, `edit`, `delete`, `resolve` → roles. A missing key allows nobody. */
  readonly who: { readonly [act: string]: readonly string[] };
  readonly workflow: Workflow | null;
  /** Whether its records are of the few that only some may read: kept encrypted here. */
  readonly restricted: boolean;
}

export class Catalogue {
  constructor(
    readonly types: ReadonlyMap<string, RecordType>,
    /** The number of this set; 0 before the first one has come. */
    readonly schema: number,
  ) {}

  get(name: string): RecordType | null {
    return this.types.get(name) ?? null;
  }
}

/** The catalogue before one has come. */
export const NO_CATALOGUE = new Catalogue(new Map(), 0);

/** The steps that a role may take from a state, for buttons. */
export function stepsFrom(spec: RecordType, state: Json, role: string | null): Transition[] {
  const steps = spec.workflow?.transitions ?? [];
  return steps.filter((step) => step.from === state && role !== null && step.who.includes(role));
}

/** Whether a role may `create`, `edit` or `delete` records of a type. */
export function may(spec: RecordType, act: string, role: string | null): boolean {
  return role !== null && (spec.who[act] ?? []).includes(role);
}

/** The label of a field's value where it is a choice or tags; the value itself elsewhere. */
export function choiceLabel(field: Field, value: string): Words {
  return field.choices.find((one) => one.value === value)?.label ?? { zh: value, en: value };
}

/** What is wrong with a value, or null. Null itself is right unless the field is required. */
export function valueProblem(field: Field, value: Json): Words | null {
  if (value === null) {
    return field.required ? { zh: "不能为空", en: "it must be filled in" } : null;
  }
  return KINDS[field.kind](field, value);
}

// The document ------------------------------------------------------------------------------

type Told = { [name: string]: any }; // The form is checked while it is read.

/** The record types that `GET /sync/v1/catalogue` tells. Throws `TypeError` if it is none. */
export function readCatalogue(document: Told): Catalogue {
  const types = new Map<string, RecordType>();
  for (const [name, told] of Object.entries(document.types as Told)) {
    types.set(name, readType(name, told));
  }
  return new Catalogue(types, whole(document.schema));
}

function readType(name: string, told: Told): RecordType {
  const fields: Field[] = told.fields.map(readField);
  const feeds = told.feeds.map((rule: Told) => ({ kind: rule.kind, by: rule.by ?? null }));
  return {
    name,
    label: words(told.label),
    fields,
    byName: new Map(fields.map((one) => [one.name, one])),
    index: new Map(fields.map((one, place) => [one.name, place])),
    keys: [...ROW_HEAD, ...fields.map((one) => one.name)],
    feeds,
    who: told.who ?? {},
    workflow: told.workflow ? readWorkflow(told.workflow) : null,
    restricted: feeds.some((rule: Told) => rule.kind === "restricted"),
  };
}

function readField(told: Told): Field {
  let { kind, policy } = told;
  const fits = has(KINDS, kind) && has(POLICIES, policy)
    && POLICIES[policy as PolicyName].kinds.has(kind);
  if (!fits) [kind, policy] = ["text", "latest"];
  return {
    name: told.name,
    kind,
    policy,
    label: words(told.label),
    required: Boolean(told.required),
    choices: (told.choices ?? []).map((one: Told) => ({
      value: one.value,
      label: words(one.label),
    })),
    to: told.to ?? null,
    clock: Boolean(told.clock),
  };
}

function readWorkflow(told: Told): Workflow {
  return {
    field: told.field,
    initial: told.initial,
    transitions: told.transitions.map((step: Told) => ({
      name: step.name,
      from: step.from,
      to: step.to,
      who: step.who,
      requires: step.requires ?? [],
      label: words(step.label),
    })),
  };
}

function words(label: Told | null | undefined): Words {
  return { zh: label?.zh ?? "", en: label?.en ?? "" };
}

function whole(value: unknown): number {
  if (typeof value !== "number") throw new TypeError("a catalogue has a schema");
  return value;
}
