/** Entries and notices in words: no code, id or form of an operation in front of a person. */

import { beforeAll, describe, expect, test, vi } from "vitest";

import type { Work } from "../../src/engine";
import { readCatalogue } from "../../src/engine/catalogue";
import type { Model } from "../../src/model";
import { useLanguage } from "../../src/ui/i18n";
import {
  badgeOf,
  changesOf,
  deedOf,
  isInConflict,
} from "../../src/ui/screens/sync/entryWords";
import { decisionsOf } from "../../src/ui/screens/sync/noticeWords";

const label = (zh: string, en = zh) => ({ zh, en });
const field = (name: string, kind: string, policy: string, zh: string, more = {}) => ({
  name,
  kind,
  policy,
  label: label(zh),
  required: false,
  ...more,
});
const LEVELS = [
  { value: "weekly", label: label("每周走访") },
  { value: "monthly", label: label("每月走访") },
];
const CATALOGUE = readCatalogue({
  schema: 1,
  types: {
    household: {
      label: label("户"),
      feeds: [{ kind: "grid", by: "grid" }],
      who: {},
      workflow: null,
      fields: [
        field("phone", "text", "latest", "电话"),
        field("level", "choice", "ask", "走访频次", { choices: LEVELS }),
        field("care", "tags", "set", "关怀类别", { choices: LEVELS }),
        field("visits", "integer", "sum", "走访次数"),
        field("log", "log", "append", "记录"),
      ],
    },
  },
});
const HOUSEHOLD = CATALOGUE.get("household");

let marks = new Map<string, string[]>();
const model = {
  record: () => ({ value: { type: "other", text: () => "", get: () => null, marks } }),
  me: { value: null },
} as unknown as Model;

const entry = (changes: Partial<Work>): Work => ({
  stamp: "s1",
  state: "waiting",
  kind: "edit",
  type: "household",
  record: "r1",
  fields: {},
  was: {},
  group: null,
  atMs: 0,
  sent: false,
  answer: null,
  answeredMs: null,
  body: {},
  can: { undo: true, withdraw: false, resend: false },
  ...changes,
});
const words = (fields: Work["fields"], was: Work["was"] = {}) =>
  changesOf(entry({ fields, was }), HOUSEHOLD, model).map((one) => [one.label, one.was, one.now]);

beforeAll(async () => {
  vi.stubGlobal("document", { documentElement: {}, visibilityState: "hidden" });
  await useLanguage("zh-CN");
});

describe("an entry", () => {
  test("tells from what to what, in the words of the choices", () => {
    expect(words({ phone: "139", level: "weekly" }, { phone: "138", level: "monthly" })).toEqual([
      ["电话", "138", "139"],
      ["走访频次", "每月走访", "每周走访"],
    ]);
  });

  test("tells that a value was emptied, or that there was none", () => {
    expect(words({ phone: null }, { phone: "138" })).toEqual([["电话", "138", "（空）"]]);
    expect(words({ phone: "139" }, { phone: null })).toEqual([["电话", "（空）", "139"]]);
  });

  test("tells what was added and taken out, counted and written", () => {
    expect(words({ care: { add: ["weekly"], remove: ["monthly"] } }, { care: ["monthly"] })).toEqual(
      [["关怀类别", "每月走访", "加上 每周走访；去掉 每月走访"]],
    );
    expect(words({ visits: { add: 1 }, log: { append: "已上门" } }, { visits: 2 })).toEqual([
      ["走访次数", null, "+1"],
      ["记录", null, "已上门"],
    ]);
  });

  test("has words beside the name of a field that only a newer server knows", () => {
    expect(words({ heating: "gas" })).toEqual([["其他内容（heating）", null, "gas"]]);
  });

  test("is called by what was done", () => {
    const fields = { phone: "139", level: "weekly" };
    expect(deedOf(entry({ fields }), HOUSEHOLD)).toBe("改了电话、走访频次");
    expect(deedOf(entry({ kind: "create", fields }), HOUSEHOLD)).toBe("新登记户");
    expect(deedOf(entry({ fields, body: { undoes: "s0" } }), HOUSEHOLD)).toBe(
      "撤销修改：电话、走访频次",
    );
    expect(deedOf(entry({ kind: "delete" }), null)).toBe("删除记录");
  });
});

describe("the badge of an entry", () => {
  const answer = { outcome: "conflict", conflict: "s1", needs: null, problem: null } as const;
  const settled = entry({ state: "acknowledged", answer, fields: { phone: "139" } });

  test("is a conflict only while somebody still has to decide about one of its fields", () => {
    marks = new Map([["phone", ["conflict"]]]);
    expect([isInConflict(settled, model), badgeOf(settled, model)]).toEqual([true, "conflict"]);
    marks = new Map([["level", ["conflict"]]]);
    expect([isInConflict(settled, model), badgeOf(settled, model)]).toEqual([false, "handed_in"]);
  });

  test("never says handed in of what the server has not acknowledged", () => {
    marks = new Map();
    expect(badgeOf(entry({ sent: true }), model)).toBe("waiting");
    expect(badgeOf(entry({ state: "held" }), model)).toBe("held");
    expect(badgeOf(entry({ state: "rejected" }), model)).toBe("rejected");
  });
});

describe("a notice", () => {
  const told = (before: unknown, after: unknown) => {
    const texts: Record<string, string> = {
      before: typeof before === "string" ? before : JSON.stringify(before),
      after: JSON.stringify(after),
    };
    const view = { text: (name: string) => texts[name] ?? "" };
    return decisionsOf(view as never, HOUSEHOLD, model).map(({ label, yours, before, after }) => [
      label,
      yours,
      before,
      after,
    ]);
  };

  test("of a settled conflict has both values and the decision", () => {
    const before = { level: { yours: "weekly", server: "monthly" } };
    expect(told(before, { level: "weekly" })).toEqual([
      ["走访频次", "每周走访", "每月走访", "每周走访"],
    ]);
  });

  test("of an undone change has what was there and what is there now", () => {
    expect(told({ phone: "139" }, { phone: null })).toEqual([["电话", null, "139", "（空）"]]);
  });

  test("about a whole record says kept or deleted", () => {
    const before = { "*": { yours: "deleted", server: "live" } };
    expect(told(before, { "*": "live" })).toEqual([["整条记录", "删除", "保留", "保留"]]);
  });

  test("that cannot be read is shown as it is", () => {
    expect(told("cut {", {})).toEqual([["整条记录", null, "cut {", "（空）"]]);
  });
});
