/** Shapes on paper. */

import { describe, expect, it } from "vitest";

import { boxOf, moved, path, projection, rings, zoomed } from "../../src/ui/fieldwork/plan";

const SQUARE = {
  type: "Polygon",
  coordinates: [
    [
      [108.84, 27.68],
      [108.85, 27.68],
      [108.85, 27.69],
      [108.84, 27.68],
    ],
  ],
};

describe("the plan", () => {
  it("reads polygons and several of them, and draws nothing of anything else", () => {
    expect(rings(SQUARE)).toHaveLength(1);
    expect(
      rings({ type: "MultiPolygon", coordinates: [SQUARE.coordinates, SQUARE.coordinates] }),
    ).toHaveLength(2);
    for (const other of [
      null,
      3,
      "x",
      [],
      {},
      { type: "Point", coordinates: [1, 2] },
      { type: "Polygon" },
      { type: "Polygon", coordinates: [[["a", "b"]]] },
      { type: "Polygon", coordinates: [3] },
    ]) {
      expect(rings(other as never)).toEqual([]);
    }
  });

  it("measures in metres, with north up", () => {
    const place = projection(27.68);
    const [x0, y0] = place([108.84, 27.68]);
    const [x1, y1] = place([108.85, 27.69]);
    expect(x1 - x0).toBeCloseTo(985.8, 0);
    expect(y1 - y0).toBeCloseTo(-1113.2, 0);
  });

  it("writes a closed path", () => {
    expect(
      path([
        [
          [0, 0],
          [10, 0],
          [10, 5.04],
        ],
      ]),
    ).toBe("M0.0 0.0L10.0 0.0L10.0 5.0Z");
  });

  it("zooms around the finger and stays within bounds", () => {
    const whole = boxOf([
      [0, 0],
      [400, 200],
    ])!;
    const near = zoomed(whole, whole, 2, [100, 50]);
    expect(near).toEqual({ x: 50, y: 25, width: 200, height: 100 });
    expect(zoomed(whole, whole, 1e9, [0, 0]).width).toBe(10);
    expect(zoomed(near, whole, 1e-9, [0, 0]).width).toBe(480);
    expect(moved(near, whole, [1e9, 0]).x).toBe(300);
  });
});
