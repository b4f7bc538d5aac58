/** Forms: what is asked, and what a person changed. */

import { describe, expect, it } from "vitest";

import { type Field, readCatalogue, type RecordType } from "../../src/engine/catalogue";
import type { Json, View } from "../../src/engine/types";
import { UNREADABLE } from "../../src/ui/components/Field";
import { asked, begin, changes, fromRaw, inputOf, toLocal, toRaw, withHeld } from "../../src/ui/fieldwork/forms";

const field = (name: string, kind: string, policy: string, more: object = {}) => ({
  name,
  kind,
  policy,
  label: { zh: name, en: name },
  ...more,
});
const choice = (value: string) => ({ value, label: { zh: value, en: value } });
const spec: RecordType = readCatalogue({
  schema: 1,
  types: {
    household: {
      label: { zh: "户", en: "Household" },
      feeds: [{ kind: "grid", by: "grid" }],
      fields: [
        field("grid", "reference", "ask", { required: true, to: "grid" }),
        field("floor", "integer", "ask"),
        field("phone", "text", "latest"),
        field("level", "choice", "ask", { choices: ["a", "b"].map(choice) }),
        field("many", "choice", "ask", { choices: [..."abcdefgh"].map(choice) }),
        field("tags", "tags", "set", { choices: ["x", "y", "z"].map(choice) }),
        field("words", "tags", "set"),
        field("visits", "integer", "sum"),
        field("last_visit", "instant", "highest"),
        field("seen_at", "instant", "once", { clock: true }),
        field("until", "instant", "latest"),
        field("residing", "boolean", "latest"),
        field("notes", "longtext", "text"),
        field("log", "log", "append"),
        field("novel", "hologram", "latest"),
      ],
    },
  },
}).get("household")!;
const GRID = "01a05a43-fc43-747b-b4f5-450dab553898";
const named = (name: string): Field => spec.byName.get(name)!;

function view(values: { [name: string]: Json }): View {
  const get = (name: string) => values[name] ?? null;
  return {
    id: "r",
    type: "household",
    spec,
    head: "s",
    deleted: false,
    get,
    text: (name) => String(get(name) ?? ""),
    values: () => ({ ...values }),
    marks: new Map(),
    badge: null,
  };
}

describe("a form", () => {
  it("asks for each kind in its own way, and not for what nobody types", () => {
    const inputs = Object.fromEntries(spec.fields.map((one) => [one.name, inputOf(one)]));
    expect(inputs).toMatchObject({
      floor: "number",
      phone: "text",
      level: "radios",
      many: "select",
      tags: "checks",
      words: "words",
      visits: "shown",
      last_visit: "shown",
      seen_at: "shown",
      until: "instant",
      residing: "boolean",
      notes: "longtext",
      log: "entry",
      novel: "text",
      grid: "reference",
    });
    expect(asked(spec).map((one) => one.name)).not.toContain("visits");
  });

  it("changes nothing when nothing was changed", () => {
    const shown = view({
      grid: GRID,
      floor: 3,
      phone: "139",
      tags: ["x"],
      residing: true,
      notes: "a\n",
      log: [["s", 1, "u", "t"]],
      until: 1_790_000_000_123,
    });
    expect(changes(spec, shown, begin(spec, shown))).toEqual({ fields: {}, wrong: new Map() });
  });

  it("names only what differs", () => {
    const shown = view({ grid: GRID, floor: 3, phone: "139", tags: ["x"], notes: "a" });
    const raw = {
      ...begin(spec, shown),
      phone: " 138 ",
      floor: "１２",
      tags: ["x", "y"],
      log: "上门",
    };
    expect(changes(spec, shown, raw).fields).toEqual({
      phone: "138",
      floor: 12,
      tags: ["x", "y"],
      log: { append: "上门" },
    });
  });

  it("keeps a tag that is older than the table of its field, and lets it be taken out", () => {
    const shown = view({ grid: GRID, tags: ["older", "x"] });
    const made = (tags: string[]) => changes(spec, shown, { ...begin(spec, shown), tags });
    expect(made(["older", "x", "y"])).toEqual({ fields: { tags: ["older", "x", "y"] }, wrong: new Map() });
    expect(made(["x"]).fields).toEqual({ tags: ["x"] });
    expect([...made(["older", "x", "newer"]).wrong.keys()]).toEqual(["tags"]);
    expect(withHeld(named("tags"), ["older"]).choices.map((one) => one.value)).toEqual(["x", "y", "z", "older"]);
  });

  it("takes a value out when its input is emptied", () => {
    const shown = view({ grid: GRID, phone: "139", tags: ["x"], residing: true });
    const raw = { ...begin(spec, shown), phone: "  ", tags: [], residing: null };
    expect(changes(spec, shown, raw).fields).toEqual({ phone: null, tags: [], residing: null });
  });

  it("says what cannot be understood, beside its input", () => {
    const shown = view({ grid: GRID, floor: 3 });
    const { fields, wrong } = changes(spec, shown, { ...begin(spec, shown), floor: "三楼" });
    expect(fields).toEqual({});
    expect(wrong.get("floor")?.zh).toBe("应为数字");
  });

  it("says what a new record lacks", () => {
    expect([...changes(spec, null, begin(spec, null)).wrong.keys()]).toEqual(["grid"]);
    const made = changes(spec, null, begin(spec, null, { grid: GRID, floor: 2 }));
    expect(made).toEqual({ fields: { grid: GRID, floor: 2 }, wrong: new Map() });
    expect(
      changes(spec, null, { ...begin(spec, null, { grid: GRID }), log: "初次" }).fields["log"],
    ).toEqual(["初次"]);
  });

  it("keeps numbers as they are typed until they are read", () => {
    expect(toRaw(named("floor"), 12)).toBe("12");
    expect(fromRaw(named("floor"), "1.5")).toHaveProperty("wrong");
    expect(fromRaw(named("floor"), "-1")).toEqual({ value: -1 });
  });

  it("takes half a date and half a time for a mistake, never for nothing", () => {
    expect(fromRaw({ ...named("until"), kind: "date" }, UNREADABLE)).toHaveProperty("wrong");
    expect(fromRaw(named("until"), UNREADABLE)).toMatchObject({ wrong: { zh: "请选全日期和时间" } });
    expect(fromRaw(named("until"), "2026-11-24T10:05")).toEqual({ value: Date.UTC(2026, 10, 24, 2, 5) });
  });

  it("shows instants by the county's clock wherever the tablet believes itself to be", () => {
    const at = Date.UTC(2026, 10, 24, 6, 5);
    expect(toLocal(at)).toBe("2026-11-24T14:05");
    expect(fromRaw(named("until"), "2026-11-24T14:05")).toEqual({ value: at });
  });

  it("leaves a value of a form unknown here alone", () => {
    const shown = view({ grid: GRID, novel: { deep: [1] } });
    expect(changes(spec, shown, begin(spec, shown))).toEqual({ fields: {}, wrong: new Map() });
  });
});
