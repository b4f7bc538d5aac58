/** The building matrix: every household in its place, and none lost. */

import { describe, expect, it } from "vitest";

import { type Household, layout, step } from "../../src/ui/fieldwork/matrix";
import { quickestMs } from "../patience";

const high = { entrances: 2, floors: 3, doors: 2 };
const bare = { entrances: null, floors: null, doors: null };
const home = (entrance: string, floor: number | null, room: string): Household => ({
  id: `${entrance}${room}`,
  entrance,
  floor,
  room,
});

/** A drawing of one entrance: a line for each floor, `-` an empty door, `.` no door at all. */
function drawn(matrix: ReturnType<typeof layout>, number = 0): string[] {
  return matrix.entrances[number]!.floors.map(({ floor, cells }) => {
    const doors = cells.map((cell) => (!cell ? "." : cell.households.length ? cell.room : "-"));
    return `${floor}: ${doors.join(" ")}`;
  });
}

describe("the building matrix", () => {
  it("puts floors above each other and doors beside each other, empty ones too", () => {
    const matrix = layout(high, [home("1单元", 1, "101"), home("1单元", 3, "302")]);
    expect(drawn(matrix)).toEqual(["3: - 302", "2: - -", "1: 101 -"]);
  });

  it("puts entrances in walking order", () => {
    const matrix = layout(high, [home("10单元", 1, "101"), home("2单元", 1, "101")]);
    expect(matrix.entrances.map((one) => one.name)).toEqual(["2单元", "10单元"]);
  });

  it("reads the floor from the room where it is not told", () => {
    expect(drawn(layout(bare, [home("", null, "1203")]))).toEqual(["12: 1203"]);
  });

  it("keeps rooms that are numbered in another way, in a column of their own", () => {
    const matrix = layout(high, [home("", 1, "101"), home("", 1, "门面3"), home("", 2, "202")]);
    expect(drawn(matrix)).toEqual(["3: - - .", "2: - 202 .", "1: 101 - 门面3"]);
  });

  it("knows cellars and towers", () => {
    const matrix = layout(bare, [home("", -1, "B101"), home("", 33, "3301")]);
    expect(matrix.entrances[0]!.floors.map((one) => one.floor)).toEqual([33, -1]);
  });

  it("shows two households behind one door in one cell", () => {
    const twins = [home("", 1, "101"), { ...home("", 1, "101"), id: "second" }];
    const cell = layout(bare, twins).entrances[0]!.floors[0]!.cells[0]!;
    expect(cell.households).toEqual(["101", "second"]);
  });

  it("lists households that have no floor", () => {
    const matrix = layout(high, [home("", null, ""), home("", null, "门面")]);
    expect(matrix.entrances).toEqual([]);
    expect(matrix.loose).toEqual(["", "门面"]);
  });

  it("loses nobody, whatever the rooms are called", () => {
    const rooms = ["101", "0101", "1-1", "", "附2", "１０２", "101", "9999999", "-101", "A"];
    const many = rooms.flatMap((room, at) =>
      [null, 0, 1, -2, 12].map((floor) => ({
        id: `${at} ${floor}`,
        entrance: at % 2 ? "1单元" : "",
        floor,
        room,
      })),
    );
    const matrix = layout({ entrances: 1, floors: 1e9, doors: 1e9 }, many);
    const cells = matrix.entrances.flatMap((one) => one.floors.flatMap((floor) => floor.cells));
    const placed = cells.flatMap((cell) => cell?.households ?? []);
    expect([...placed, ...matrix.loose].sort()).toEqual(many.map((one) => one.id).sort());
  });

  it("is walked through by arrow keys, over doors that are not there", () => {
    const entrance = layout(bare, [
      home("", 2, "201"),
      home("", 2, "203"),
      home("", 1, "103"),
      home("", 1, "附"),
    ]).entrances[0]!;
    expect(step(entrance, [0, 0], "ArrowRight")).toEqual([0, 1]);
    expect(step(entrance, [0, 0], "ArrowUp")).toEqual([0, 0]);
    expect(step(entrance, [1, 2], "ArrowUp")).toEqual([1, 2]);
  });

  it("is drawn in a blink for a tower of 500 households", () => {
    const tower = Array.from({ length: 500 }, (_, at) => {
      const floor = 1 + Math.floor(at / 16);
      return {
        id: String(at),
        entrance: `${1 + (at % 4)}单元`,
        floor,
        room: `${floor}0${1 + ((at >> 2) % 4)}`,
      };
    });
    expect(quickestMs(() => layout({ entrances: 4, floors: 32, doors: 4 }, tower))).toBeLessThan(50);
  });
});
