/**
 * Entries of the outbox in words: what was done, to which record, from what to what.
 *
 * An operation holds values in the forms of their policies (`{"add": [...]}`, `{"append": …}`,
 * `{"from": …, "to": …}`). A person reads sentences; a form that only a newer server
 * knows is shown as text, under the name of its field with words beside it.
 */

import type { Field, Json, RecordType, Work } from "../../../engine";
import type { State } from "../../components";
import type { Model } from "../../../model";
import { type Key, said, t } from "../../i18n";
import { titleOfId } from "../../fieldwork/titles";
import { inWords, tagWords } from "../../fieldwork/words";

/** State of an entry → its badge. `arriving`: the server has it, its row is on its way. */
export function badgeOf(work: Work, model: Model): State {
  if (work.state === "waiting") return "waiting";
  if (work.state === "held" || work.state === "rejected") return work.state;
  return isInConflict(work, model) ? "conflict" : "handed_in";
}

/** Whether a person still has to decide about it: a conflict that was settled is none. */
export function isInConflict(work: Work, model: Model): boolean {
  if (work.state === "waiting" || !work.answer?.conflict) return false;
  const marks = model.record(work.record).value?.marks;
  const names = [...Object.keys(work.fields), "*"];
  return names.some((name) => marks?.get(name)?.includes("conflict"));
}

const KINDS: Record<Work["kind"], Key> = {
  create: "entry.create",
  edit: "entry.edit",
  transition: "entry.transition",
  delete: "entry.delete",
  restore: "entry.restore",
  merge: "entry.merge",
  resolve: "entry.resolve",
};

/** What was done: "Changed: phone", "Work order: accept", "New home visit". */
export function deedOf(work: Work, spec: RecordType | null): string {
  const type = spec ? said(spec.label) : t("entry.unknown_type");
  const fields = fieldsOf(work, spec);
  if (work.type === "notice") return t("entry.notice");
  if (work.body["undoes"]) return t("entry.undo", { fields });
  return t(KINDS[work.kind], { type, fields, step: stepOf(work, spec) });
}

function stepOf(work: Work, spec: RecordType | null): string {
  const change = formOf(work.fields[spec?.workflow?.field ?? ""]);
  const steps = spec?.workflow?.transitions ?? [];
  const step = steps.find((one) => one.from === change["from"] && one.to === change["to"]);
  return step ? said(step.label) : t("entry.step");
}

/** The fields it changed, by their labels. */
const fieldsOf = (work: Work, spec: RecordType | null): string =>
  Object.keys(work.fields)
    .map((name) => labelOf(name, spec))
    .join(t("value.and"));

/** The label of a field; one that is not in the catalogue gets words beside its name. */
export function labelOf(name: string, spec: RecordType | null): string {
  if (name === "*") return t("entry.whole");
  const field = spec?.byName.get(name);
  return field ? said(field.label) : t("entry.unknown_field", { name });
}

/** The record it was done to, as people call it. */
export const recordOf = (work: Work, model: Model): string => titleOfId(work.record, model);

export interface ChangeWords {
  name: string;
  label: string;
  /** What stood there before; null where that is not known or nothing was replaced. */
  was: string | null;
  now: string;
}

/** Each field of an entry: its label, what it was, what it became. */
export function changesOf(work: Work, spec: RecordType | null, model: Model): ChangeWords[] {
  return Object.entries(work.fields).map(([name, value]) => {
    const field = spec?.byName.get(name) ?? null;
    const before = work.was[name];
    return {
      name,
      label: labelOf(name, spec),
      was: before === undefined || isAddition(value) ? null : valueOf(field, before, model),
      now: changeOf(field, value, model),
    };
  });
}

/** A plain value in words; "(nothing)" where there is none. */
export function valueOf(field: Field | null, value: Json, model: Model): string {
  if (field) return inWords(field, value, model) || t("value.none");
  if (value === "live") return t("entry.live");
  if (value === "deleted") return t("entry.deleted");
  if (value === null || value === "") return t("value.none");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function changeOf(field: Field | null, value: Json, model: Model): string {
  const form = formOf(value);
  if (field?.policy === "workflow" && "to" in form) return valueOf(field, form["to"] ?? null, model);
  if ("append" in form) return String(form["append"]);
  if (field?.policy === "sum" && typeof form["add"] === "number") return signed(form["add"]);
  if (field?.policy === "set" && ("add" in form || "remove" in form)) {
    return setWords(field, form, model);
  }
  if (field?.kind === "log" && Array.isArray(value)) return value.map(String).join("\n");
  return valueOf(field, value, model);
}

const signed = (n: number): string => (n > 0 ? `+${n.toLocaleString()}` : n.toLocaleString());

function setWords(field: Field, form: { [name: string]: Json }, model: Model): string {
  const added = tagWords(field, form["add"] ?? [], model).join(t("value.and"));
  const removed = tagWords(field, form["remove"] ?? [], model).join(t("value.and"));
  const parts = [
    added && t("entry.added", { tags: added }),
    removed && t("entry.removed", { tags: removed }),
  ];
  return parts.filter(Boolean).join(t("entry.part"));
}

/** Sums and logs only add: there is no value before that they replaced. */
function isAddition(value: Json): boolean {
  const form = formOf(value);
  return "append" in form || typeof form["add"] === "number";
}

/** A value as an object with members, or an empty one. */
function formOf(value: Json | undefined): { [name: string]: Json } {
  const isObject = value !== null && typeof value === "object" && !Array.isArray(value);
  return isObject ? value : {};
}
