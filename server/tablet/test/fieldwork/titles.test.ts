/** What things are called, what values read as, where drafts lead, and an index that stays true. */

import { beforeAll, describe, expect, it } from "vitest";

import type { FormDraft } from "../../src/engine";
import { useLanguage } from "../../src/ui/i18n";
import { finderOf } from "../../src/ui/fieldwork/finder";
import { draftKey, draftPath, newKey, newPath } from "../../src/ui/fieldwork/links";
import { addressOf, doorTitle, titleOf, titleOfId } from "../../src/ui/fieldwork/titles";
import { ageOf, inWords, logEntries } from "../../src/ui/fieldwork/words";
import { held, TYPES, view } from "./held";

const building = view("building", "b", { compound: "文昌国际", number: "3幢" });
const home = view("household", "h", {
  building: "b",
  compound: "文昌国际",
  entrance: "1单元",
  room: "101",
  householder: "何仁清",
});
const person = view("resident", "p", { household: "h", name: "曾秀霞", phone: "13900001234" });

beforeAll(async () => {
  (globalThis as { document?: unknown }).document ??= { documentElement: {}, title: "" };
  await useLanguage("zh-CN");
});

describe("titles", () => {
  it("name a door as people say it", () => {
    const { model } = held(building, home);
    expect(addressOf(home, model)).toBe("文昌国际 3幢 1单元 101 室");
    expect(doorTitle(home)).toBe("1单元 101");
    expect(titleOf(home, model)).toBe("何仁清 · 文昌国际 3幢 1单元 101 室");
  });

  it("say what is missing instead of leaving it out", () => {
    const bare = view("household", "x", {});
    expect(titleOf(bare, held(bare).model)).toBe("（未登记户主） · （未登记楼栋） （无房号）");
    expect(titleOfId("nowhere", held().model)).toBe("（不在本机）");
  });

  it("never name a restricted record", () => {
    const facts = view("resident_restricted", "r", { resident: "p", citizen_id: "99" });
    expect(titleOf(facts, held(facts, person).model)).toBe("");
  });
});

describe("values in words", () => {
  const field = (name: string, type = "household") => TYPES.get(type)!.byName.get(name)!;

  it("show no number of milliseconds, no id and no shape", () => {
    const { model } = held(building);
    const at = Date.UTC(2020, 0, 2, 6, 5);
    expect(inWords(field("last_visit"), at, model)).toBe("2020年1月2日 14:05");
    expect(inWords({ ...field("phone"), kind: "reference" }, "b", model)).toBe("文昌国际 3幢");
    expect(
      inWords(
        { ...field("phone"), kind: "geometry" },
        { type: "Point", coordinates: [108.84, 27.68] },
        model,
      ),
    ).toBe("北纬 27.68000，东经 108.84000");
    expect(
      inWords({ ...field("phone"), kind: "geometry" }, { type: "Polygon", coordinates: [] }, model),
    ).toBe("已画在地图上");
    expect(inWords(field("phone"), null, model)).toBe("");
  });

  it("tell a log from its newest entry, with who wrote it as far as this tablet knows", () => {
    const { model } = held(view("user", "me", { name: "刘正豪" }));
    const entries = logEntries(
      [
        ["s1", 1_000, "me", "先"],
        ["s2", 2_000, "someone", "后"],
      ],
      model,
    );
    expect(entries.map(({ text, who }) => `${who}：${text}`)).toEqual(["同事：后", "我：先"]);
  });

  it("count whole years by the county's day", () => {
    const eve = Date.UTC(2026, 10, 19, 15, 59);
    expect(ageOf("1960-11-20", eve)).toBe(65);
    expect(ageOf("1960-11-20", eve + 60_000)).toBe(66);
    expect([null, "", "x", "3000-01-01"].map((birth) => ageOf(birth, eve))).toEqual([
      null,
      null,
      null,
      null,
    ]);
  });
});

describe("drafts lead back to their form", () => {
  const draft = (key: string, more: Partial<FormDraft>): FormDraft => ({
    key,
    purpose: key.split(":")[0]!,
    type: null,
    record: null,
    title: "",
    values: {},
    savedMs: 0,
    ...more,
  });

  it.each([
    [draft(draftKey("visit", "h"), { record: "h" }), "/household/h/visit"],
    [draft(draftKey("appeal", "h"), {}), "/household/h/appeal"],
    [draft(draftKey("appeal", "grid"), {}), "/appeal"],
    [draft(draftKey("edit", "h"), { type: "household", record: "h" }), "/edit/household/h"],
    [
      draft(draftKey("edit", "h:phone"), { type: "household", record: "h" }),
      "/household/h?field=phone",
    ],
    [
      draft(draftKey("step", "o:handle"), { type: "work_order", record: "o" }),
      "/order/o?step=handle",
    ],
  ])("%o", (one, path) => {
    expect(draftPath(one)).toBe(path);
  });

  it("with the door that a new household was begun at, whatever it is called", () => {
    const where = {
      type: "household",
      around: "b",
      entrance: "1:单元/?",
      floor: "-1",
      room: "附 2",
    };
    const path = draftPath(draft(newKey(where), { type: "household" }));
    expect(path).toBe(newPath(where));
    const query = new URLSearchParams(path.split("?")[1]);
    expect(Object.fromEntries(query)).toEqual({
      in: "b",
      entrance: "1:单元/?",
      floor: "-1",
      room: "附 2",
    });
  });
});

describe("the search index", () => {
  const names = (model: Parameters<typeof finderOf>[0], text: string) =>
    finderOf(model)
      .index.find(text)
      .hits.map((hit) => hit.entry.id);

  it("holds people and doors, and follows what is changed, moved and taken out", () => {
    const { model, put } = held(building, home, person);
    expect(names(model, "zxx")).toEqual(["p"]);
    expect(names(model, "3-1-101")).toEqual(["h"]);
    put("b", view("building", "b", { compound: "文昌国际", number: "5幢" }));
    expect(names(model, "3-1-101")).toEqual([]);
    expect(names(model, "5-1-101")).toEqual(["h"]);
    put("p", null);
    expect(names(model, "zxx")).toEqual([]);
  });

  it("is filled anew when everything was", () => {
    const { model, put } = held(home);
    expect(names(model, "何仁清")).toEqual(["h"]);
    put("h", null, { whole: true });
    expect(names(model, "何仁清")).toEqual([]);
  });
});
