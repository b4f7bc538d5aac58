/** The steps of a work order that a person may take. */

import { describe, expect, it } from "vitest";

import type { Transition } from "../../src/engine/catalogue";
import { isOpen, stepsFor, written } from "../../src/ui/fieldwork/orders";

const step = (
  name: string,
  from: string,
  to: string,
  who: string[],
  requires: string[] = [],
): Transition => ({
  name,
  from,
  to,
  who,
  requires,
  label: { zh: name, en: name },
});
const TABLE = [
  step("return", "assigned", "returned", ["grid_worker"], ["returns", "log"]),
  step("accept", "assigned", "accepted", ["grid_worker", "handler"], ["accepted_by"]),
  step("supervise", "assigned", "supervised", ["dispatcher"], ["log"]),
  step("handle", "handling", "handled", ["grid_worker"], ["result"]),
];
const names = (status: string, role: string, held = {}) =>
  stepsFor(TABLE, status, role, held).map((one) => one.transition.name);

describe("steps of an order", () => {
  it("are those of the present state and the role, the way on first", () => {
    expect(names("assigned", "grid_worker")).toEqual(["accept", "return"]);
    expect(names("assigned", "dispatcher")).toEqual(["supervise"]);
    expect(names("handling", "handler")).toEqual([]);
  });

  it("ask only for what is lacking", () => {
    expect(stepsFor(TABLE, "handling", "grid_worker", { result: null })[0]?.asks).toEqual([
      "result",
    ]);
    expect(stepsFor(TABLE, "handling", "grid_worker", { result: "修好了" })[0]?.asks).toEqual([]);
  });

  it("ask for a reason anew, though the order has a log already", () => {
    const [, back] = stepsFor(TABLE, "assigned", "grid_worker", {
      log: [["s", 1, "u", "旧"]],
      returns: 1,
    });
    expect(back?.asks).toEqual(["log"]);
  });

  it("fill in who takes it and count what comes back, without asking", () => {
    const [accept, back] = stepsFor(TABLE, "assigned", "grid_worker", {});
    expect(accept?.asks).toEqual([]);
    expect(written(accept!, "me", {})).toEqual({ accepted_by: "me" });
    expect(written(back!, "me", { log: { append: "不属本辖区" } })).toEqual({
      log: { append: "不属本辖区" },
      returns: { add: 1 },
    });
  });

  it("end where an order rests", () => {
    expect(["reported", "handling", "closed", "merged", "rejected"].map(isOpen)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});
