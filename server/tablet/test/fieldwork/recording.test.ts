/** What a visit and an appeal become when they are saved. */

import { signal } from "@preact/signals";
import { describe, expect, it } from "vitest";

import type { Replica } from "../../src/engine";
import { appealFields, visitDrafts } from "../../src/ui/fieldwork/recording";
import { view } from "./held";

const NOW = 1_790_000_000_000;
const replica = (offsetMs: number | null = null) =>
  ({
    newId: () => "visit",
    profile: { user: "me" },
    status: signal({ offsetMs }),
  }) as unknown as Replica;
const home = (values = {}) =>
  view("household", "h", { grid: "g", visits: 3, first_contact: 1, ...values });

describe("a visit", () => {
  it("is made and counted once, with the time of the clock", () => {
    const [visit, trace, ...more] = visitDrafts(home(), replica(), { purpose: "care" }, NOW);
    expect(visit).toMatchObject({
      kind: "create",
      type: "home_visit",
      record: "visit",
      fields: { grid: "g", household: "h", worker: "me", at: NOW, purpose: "care" },
    });
    expect(trace).toEqual({
      kind: "edit",
      type: "household",
      record: "h",
      fields: { visits: { add: 1 }, last_visit: NOW },
    });
    expect(more).toEqual([]);
  });

  it("names who was there as they were tapped, and whoever was typed", () => {
    const [visit] = visitDrafts(
      home(),
      replica(),
      { present: ["何仁清", "曾秀霞"], others: " 邻居 " },
      NOW,
    );
    expect(visit?.fields?.["present"]).toBe("何仁清、曾秀霞、邻居");
  });

  it("says nothing of what was left empty", () => {
    const [visit] = visitDrafts(
      home(),
      replica(),
      { present: [], others: "", notes: "  ", purpose: "" },
      NOW,
    );
    expect(Object.keys(visit!.fields!)).toEqual(["grid", "household", "worker", "at"]);
  });

  it("of a tablet whose clock is a year ahead keeps nobody out of the list for a year", () => {
    const ahead = 365 * 86_400_000;
    const [visit, trace] = visitDrafts(home(), replica(-ahead), {}, NOW + ahead);
    expect(visit?.fields?.["at"]).toBe(NOW + ahead);
    expect(trace?.fields?.["last_visit"]).toBe(NOW);
  });

  it("is the first contact only where there was none and no visit before", () => {
    const first = (values: object) =>
      visitDrafts(home(values), replica(), {}, NOW)[1]?.fields?.["first_contact"];
    expect(first({ first_contact: null, visits: null })).toBe(NOW);
    expect(first({ first_contact: null, visits: 2 })).toBeUndefined();
    expect(first({})).toBeUndefined();
  });
});

describe("an appeal", () => {
  it("says who reports it, when, for whom, and only what was filled in", () => {
    const raw = {
      kind: "request",
      title: " 灯不亮 ",
      description: "",
      place: "三楼",
      contact: "  ",
      point: null,
    };
    expect(appealFields(raw, home(), "g", replica(), NOW)).toEqual({
      grid: "g",
      household: "h",
      source: "grid_worker",
      reported_by: "me",
      reported_at: NOW,
      kind: "request",
      title: "灯不亮",
      place: "三楼",
    });
  });

  it("from the street belongs to no household", () => {
    expect(appealFields({ title: "井盖" }, null, "g", replica(), NOW)).not.toHaveProperty(
      "household",
    );
  });
});
