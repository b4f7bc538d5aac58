/** When a household is to be visited again. */

import { describe, expect, it } from "vitest";

import { ageStep, urgency, visitState } from "../../src/ui/fieldwork/visits";

const DAY = 86_400_000;
const NOW = 1_790_000_000_000;
const ago = (days: number) => NOW - days * DAY;

describe("visits due", () => {
  it("asks for none where the care level asks for none", () => {
    expect(visitState("none", ago(900), NOW)).toEqual({ due: "none", since: 900, left: null });
    expect(visitState(null, null, NOW)).toEqual({ due: "none", since: null, left: null });
    expect(visitState("a level of tomorrow", ago(1), NOW).due).toBe("none");
  });

  it.each([
    ["weekly", 5, "fine"],
    ["weekly", 6, "soon"],
    ["weekly", 7, "soon"],
    ["weekly", 8, "late"],
    ["monthly", 20, "fine"],
    ["monthly", 28, "soon"],
    ["monthly", 32, "late"],
    ["quarterly", 70, "fine"],
    ["quarterly", 80, "soon"],
    ["quarterly", 93, "late"],
  ])("%s, visited %i days ago, is %s", (level, days, due) => {
    expect(visitState(level, ago(days), NOW).due).toBe(due);
  });

  it("tells never visited from visited long ago, and puts it first", () => {
    const never = visitState("monthly", null, NOW);
    const late = visitState("monthly", ago(400), NOW);
    const later = visitState("weekly", ago(20), NOW);
    expect(never.due).toBe("never");
    expect([later, never, late].sort((a, b) => urgency(a) - urgency(b))).toEqual([
      never,
      late,
      later,
    ]);
  });

  it("takes a visit of tomorrow, made by a clock that is ahead, as one of today", () => {
    expect(visitState("weekly", NOW + 3 * DAY, NOW)).toEqual({ due: "fine", since: 0, left: 7 });
  });

  it("has a step of colour for every age", () => {
    expect([0, 31, 32, 92, 93, 183, 184, 366, 367, null].map(ageStep)).toEqual([
      0, 0, 1, 1, 2, 2, 3, 3, 4, 4,
    ]);
  });
});
