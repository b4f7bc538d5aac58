/**
 * Operations: whether every value of one fits its field, before it is queued.
 *
 * The server judges by the same rules. Here they keep a person from waiting hours for an
 * answer that could be had while they still look at the form.
 */
import type { Field, RecordType } from "./catalogue";
import { valueProblem } from "./catalogue";
import { fieldsOf, WHOLE } from "./fold";
import { POLICIES, type Form } from "./policies";
import { badValue, named, Refused } from "./problems";
import type { Raw } from "./replica_storage";
import type { Json } from "./types";
import { has, unkeepable, UNSTORABLE } from "./values";

const NAME_MAX = 64;

/**
 * Refuses with `bad_value`, `bad_text`, `missing_field` or `malformed`. Fields that this
 * schema does not know pass, if any store can keep them.
 */
export function checkValues(raw: Raw, spec: RecordType): void {
  if (raw.kind === "create") return checkCreate(raw, spec);
  if (raw.kind === "delete" || raw.kind === "restore" || raw.kind === "merge") return;
  for (const [name, value] of Object.entries(fieldsOf(raw))) {
    const field = spec.byName.get(name);
    if (field === undefined) checkUnknown(name, value, raw.kind === "resolve");
    else if (raw.kind === "resolve") checkPlainOrLog(field, value);
    else checkForm(field, value, raw.kind);
  }
  if (raw.kind !== "transition") return;
  if (spec.workflow === null || !has(fieldsOf(raw), spec.workflow.field)) {
    throw new Refused("malformed", { pointer: "/fields", params: { what: "status" } });
  }
}

function checkForm(field: Field, value: Json, kind: string): void {
  const { form } = POLICIES[field.policy];
  if (form === "step" && kind !== "transition") {
    throw badValue(field, { zh: "只能按流程变更", en: "it changes by a transition only" });
  }
  FORMS[form](field, value);
}

function checkPlain(field: Field, value: Json): void {
  const words = valueProblem(field, value);
  if (words === UNSTORABLE) {
    throw new Refused("bad_text", { pointer: `/fields/${field.name}`, field });
  }
  if (words !== null) throw badValue(field, words);
}

/** The members of a change; each is checked as a value that may not be null. */
function members(field: Field, value: Json, keys: readonly string[]): [string, Json][] {
  const told = value !== null && typeof value === "object" && !Array.isArray(value) ? value : {};
  const names = Object.keys(told);
  if (names.length === 0 || !names.every((name) => keys.includes(name))) {
    throw badValue(field, {
      zh: `应写作 ${keys.join("、")}`, en: `it is written with ${keys.join(" and ")}`,
    });
  }
  return Object.entries(told);
}

function checkMembers(...keys: string[]): (field: Field, value: Json) => void {
  return (field, value) => {
    const told = new Map(members(field, value, keys));
    const needed = keys.includes("remove") ? [...told.keys()] : keys;
    for (const key of needed) {
      const part = told.get(key) ?? null;
      if (part === null) throw badValue(field, { zh: "不能为空", en: "it must be filled in" });
      // Whatever a record holds can be taken out, also a word that is no choice any more.
      checkPlain(key === "remove" ? { ...field, choices: [] } : field, part);
    }
  };
}

const FORMS: { readonly [Name in Form]: (field: Field, value: Json) => void } = {
  value: checkPlain,
  change: checkMembers("add", "remove"),
  delta: checkMembers("add"),
  entry: checkMembers("append"),
  step: checkMembers("from", "to"),
};

function checkUnknown(name: string, value: Json, whole: boolean): void {
  if (name === WHOLE && !whole) {
    throw badValue(name, { zh: "不是字段名", en: "it is not the name of a field" });
  }
  const words = name.length > NAME_MAX ? UNSTORABLE : unkeepable({ [name]: value });
  if (words === UNSTORABLE) throw new Refused("bad_text", { pointer: "/fields/" });
  if (words !== null) throw badValue("", words);
}

function checkPlainOrLog(field: Field, value: Json): void {
  if (field.policy !== "append") return checkPlain(field, value);
  if (!Array.isArray(value)) throw badValue(field, { zh: "应为列表", en: "it must be a list of entries" });
  for (const one of value) {
    if (one === null) throw badValue(field, { zh: "不能为空", en: "it must be filled in" });
    checkPlain(field, one);
  }
}

function checkCreate(raw: Raw, spec: RecordType): void {
  const values = fieldsOf(raw);
  for (const [name, value] of Object.entries(values)) {
    const field = spec.byName.get(name);
    if (field === undefined) checkUnknown(name, value, false);
    else if (value !== null) checkPlainOrLog(field, value);
  }
  for (const field of spec.fields) {
    if (field.required && (values[field.name] ?? null) === null) {
      const pointer = `/fields/${field.name}`;
      throw new Refused("missing_field", { pointer, params: named(field), field });
    }
  }
}
