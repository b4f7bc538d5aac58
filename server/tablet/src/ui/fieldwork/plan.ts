/**
 * The plan: grids and buildings as shapes on paper, without tiles and without a map library.
 *
 * A grid is some hundred metres wide. At that size the earth is flat enough: degrees
 * become metres by one factor for each axis, and north is up. So the tablet draws its
 * own records as SVG, offline, and a worker recognises the streets by their buildings.
 *
 * Invariants
 *   - A shape that cannot be read is left out, never drawn wrong; the list beside the plan has it.
 *   - y runs down the screen, so north is at the top.
 */

import type { Json } from "../../engine/types";

export type Point = readonly [number, number];
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

const METRES_PER_DEGREE = 111_320;

/** Degrees → metres around a middle latitude. */
export type Project = (point: Point) => Point;

export function projection(latitude: number): Project {
  const across = METRES_PER_DEGREE * Math.cos((latitude * Math.PI) / 180);
  return ([longitude, north]) => [longitude * across, -north * METRES_PER_DEGREE];
}

/** The rings of a GeoJSON polygon or several, [longitude, latitude]; empty if it is none. */
export function rings(geometry: Json): Point[][] {
  if (geometry === null || typeof geometry !== "object" || Array.isArray(geometry)) return [];
  const { type, coordinates } = geometry;
  if (!Array.isArray(coordinates)) return [];
  const polygons = type === "Polygon" ? [coordinates] : type === "MultiPolygon" ? coordinates : [];
  return polygons
    .flatMap((polygon) => (Array.isArray(polygon) ? polygon.map(ring) : []))
    .filter((one) => one.length > 2);
}

function ring(told: Json): Point[] {
  if (!Array.isArray(told)) return [];
  return told.filter(isPoint);
}

const isPoint = (told: Json): told is [number, number] =>
  Array.isArray(told) && Number.isFinite(told[0]) && Number.isFinite(told[1]);

/** An SVG path of rings that were projected; to a tenth of a metre. */
export function path(shape: readonly (readonly Point[])[]): string {
  return shape
    .map((one) => `M${one.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}Z`)
    .join("");
}

/** The box around points, or null around none. */
export function boxOf(points: Iterable<Point>): Box | null {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of points) {
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  if (left > right) return null;
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** Room around a box: a share of its longer side. */
export function padded(box: Box, share: number): Box {
  const by = Math.max(box.width, box.height, 1) * share;
  return { x: box.x - by, y: box.y - by, width: box.width + 2 * by, height: box.height + 2 * by };
}

/** The middle of a ring's box, where its name is written. */
export function middle(points: readonly Point[]): Point {
  const box = boxOf(points) ?? { x: 0, y: 0, width: 0, height: 0 };
  return [box.x + box.width / 2, box.y + box.height / 2];
}

/** A view zoomed by a factor around a point of the drawing, between its whole and 1/40 of it. */
export function zoomed(view: Box, whole: Box, factor: number, [x, y]: Point): Box {
  const least = whole.width / 40;
  const width = Math.min(whole.width * 1.2, Math.max(least, view.width / factor));
  const by = width / view.width;
  const height = view.height * by;
  return { x: x - (x - view.x) * by, y: y - (y - view.y) * by, width, height };
}

/** A view moved by metres, its middle staying within the whole. */
export function moved(view: Box, whole: Box, [dx, dy]: Point): Box {
  const within = (value: number, from: number, length: number) =>
    Math.min(from + length, Math.max(from, value));
  const x = within(view.x + view.width / 2 + dx, whole.x, whole.width) - view.width / 2;
  const y = within(view.y + view.height / 2 + dy, whole.y, whole.height) - view.height / 2;
  return { ...view, x, y };
}
