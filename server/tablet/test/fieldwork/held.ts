/** A tablet's records for tests of what reads them: views from plain values, and a model over them. */

import { computed, signal } from "@preact/signals";

import { readCatalogue } from "../../src/engine/catalogue";
import type { Change, Json, Mark, View } from "../../src/engine/types";
import type { Model } from "../../src/model";

type Values = { [name: string]: Json };

const label = { zh: "", en: "" };
const plain = (name: string, kind = "text", more: object = {}) => ({
  name,
  kind,
  policy: kind === "tags" ? "set" : kind === "log" ? "append" : "latest",
  label: { zh: name, en: name },
  ...more,
});

/** The fields that these tests speak of; the kinds are the server's. */
export const TYPES = readCatalogue({
  schema: 1,
  types: Object.fromEntries(
    Object.entries({
      household: [
        ..."grid building compound entrance room householder phone care_level notes"
          .split(" ")
          .map((name) => plain(name)),
        plain("floor", "integer"),
        plain("tags", "tags"),
        plain("visits", "integer"),
        plain("log", "log"),
        plain("last_visit", "instant"),
        plain("first_contact", "instant"),
      ],
      resident: [
        ..."grid household name phone kinship".split(" ").map((name) => plain(name)),
        plain("birth", "date"),
      ],
      building: [plain("compound"), plain("number"), plain("grid")],
      work_order: [plain("title"), plain("status")],
      home_visit: [plain("household"), plain("at", "instant")],
      user: [plain("name")],
      resident_restricted: [plain("resident"), plain("citizen_id")],
    }).map(([name, fields]) => [name, { label, feeds: [{ kind: "grid", by: "grid" }], fields }]),
  ),
});

export function view(
  type: string,
  id: string,
  values: Values,
  marks: [string, Mark[]][] = [],
): View {
  const get = (name: string): Json => values[name] ?? null;
  return {
    id,
    type,
    spec: TYPES.get(type)!,
    head: "",
    deleted: false,
    get,
    text: (name) => (get(name) === null ? "" : String(get(name))),
    values: () => ({ ...values }),
    marks: new Map(marks),
    badge: null,
  };
}

/** A model over records in memory; `put` changes one as an exchange would, null takes it out. */
export function held(...records: View[]) {
  const all = signal(new Map(records.map((one) => [one.id, one])));
  const listeners: ((change: Change, records: ReadonlyMap<string, View | null>) => void)[] = [];
  const where = (type: string, field?: string, value?: string) =>
    computed(() =>
      [...all.value.values()].filter(
        (one) => one.type === type && (!field || one.text(field) === value),
      ),
    );
  const model = {
    record: (id: string) => computed(() => all.value.get(id) ?? null),
    type: (name: string) => where(name),
    by: where,
    householdsOf: (building: string) => where("household", "building", building),
    residentsOf: (household: string) => where("resident", "household", household),
    me: computed(() => all.value.get("me") ?? null),
    onChange: (listener: (typeof listeners)[number]) => {
      listeners.push(listener);
      return () => undefined;
    },
  } as unknown as Model;
  const put = (id: string, now: View | null, change: Partial<Change> = {}) => {
    const next = new Map(all.value);
    if (now) next.set(id, now);
    else next.delete(id);
    all.value = next;
    const told: Change = { by: "server", whole: false, records: new Set([id]), ...change };
    for (const listener of listeners) listener(told, new Map([[id, now]]));
  };
  return { model, put };
}
