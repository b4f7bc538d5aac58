/**
 * The building matrix (楼栋图): where each household of a building stands on paper.
 *
 * A worker thinks of a building as a drawing: floors above each other, doors beside
 * each other, an entrance after the other. Records know only texts: "1单元", floor 12,
 * room "1203". Rooms are written in many ways, so the layout reads what it can and
 * never hides what it cannot place.
 *
 * Invariants
 *   - Every household of the building is in exactly one cell, or among the `loose`.
 *   - A cell stands in its floor's row; cells of one column are one door above another.
 *   - Floors run from the highest down, as they do outside; entrances in walking order.
 *   - A door that the building has by its record and nobody is registered behind is an
 *     empty cell, from which a household can be registered.
 */

import { walkingKey } from "./search";

/** What the layout needs of a household. */
export interface Household {
  id: string;
  entrance: string;
  floor: number | null;
  room: string;
}

/** What the building's own record says: how many there should be. */
export interface Building {
  entrances: number | null;
  floors: number | null;
  doors: number | null;
}

/** A door: who is behind it. `households` is empty where nobody is registered. */
export interface Cell {
  room: string;
  households: readonly string[];
}
export interface Floor {
  floor: number;
  /** One for each column; null where this floor has no such door. */
  cells: readonly (Cell | null)[];
}
export interface Entrance {
  name: string;
  columns: number;
  floors: readonly Floor[];
}
export interface Matrix {
  entrances: readonly Entrance[];
  /** Households without a floor: reached from a list below the drawing. */
  loose: readonly string[];
}

const MOST_FLOORS = 120;
const MOST_DOORS = 40;

/** Draw a building's households as a matrix. */
export function layout(building: Building, households: readonly Household[]): Matrix {
  const loose: string[] = [];
  const byEntrance = new Map<string, Placed[]>();
  for (const one of households) {
    const floor = floorOf(one);
    if (floor === null) {
      loose.push(one.id);
      continue;
    }
    const placed = byEntrance.get(one.entrance) ?? [];
    placed.push({ id: one.id, floor, room: one.room, door: doorOf(one.room, floor) });
    byEntrance.set(one.entrance, placed);
  }
  const names = [...byEntrance.keys()].sort((a, b) => (walkingKey(a) < walkingKey(b) ? -1 : 1));
  const entrances = names.map((name) => entrance(name, byEntrance.get(name)!, building));
  return { entrances, loose };
}

interface Placed {
  id: string;
  floor: number;
  room: string;
  door: string;
}

/** The floor, as told or as read from the room ("1203" is on the twelfth); null if neither. */
function floorOf({ floor, room }: Household): number | null {
  if (floor !== null) return floor;
  const read = /^(\d{1,2})(\d{2})$/.exec(room)?.[1];
  return read === undefined ? null : Number(read);
}

/** The door on its floor: "03" of room 1203 on floor 12; another room stands for itself. */
function doorOf(room: string, floor: number): string {
  const prefix = String(Math.abs(floor));
  const rest = room.startsWith(prefix) ? room.slice(prefix.length) : "";
  return /^\d{2}$/.test(rest) ? rest : room;
}

function entrance(name: string, placed: readonly Placed[], building: Building): Entrance {
  const columns = columnsOf(placed, building);
  const byDoor = new Map<string, Placed[]>();
  for (const one of placed) {
    const key = `${one.floor} ${one.door}`;
    byDoor.set(key, [...(byDoor.get(key) ?? []), one]);
  }
  const floors = floorsOf(placed, building).map((floor) => ({
    floor,
    cells: columns.map((door) => cell(byDoor.get(`${floor} ${door}`), floor, door)),
  }));
  return { name, columns: columns.length, floors };
}

function cell(here: readonly Placed[] | undefined, floor: number, door: string): Cell | null {
  if (here) return { room: here[0]!.room, households: here.map((one) => one.id) };
  const isNumbered = /^\d{2}$/.test(door);
  return isNumbered && floor > 0 ? { room: `${floor}${door}`, households: [] } : null;
}

/** The doors of an entrance, in walking order: those that are known and those that should be. */
function columnsOf(placed: readonly Placed[], { doors }: Building): string[] {
  const known = new Set(placed.map((one) => one.door));
  const isNumbered = [...known].some((door) => /^\d{2}$/.test(door));
  for (let door = 1; isNumbered && door <= Math.min(doors ?? 0, MOST_DOORS); door += 1) {
    known.add(String(door).padStart(2, "0"));
  }
  return [...known].sort((a, b) => (walkingKey(a) < walkingKey(b) ? -1 : 1));
}

function floorsOf(placed: readonly Placed[], { floors }: Building): number[] {
  const known = new Set(placed.map((one) => one.floor));
  for (let floor = 1; floor <= Math.min(floors ?? 0, MOST_FLOORS); floor += 1) known.add(floor);
  return [...known].sort((a, b) => b - a);
}

/** Where an arrow key leads from a cell: the nearest cell that way, or the same one. */
export function step(
  { floors }: Entrance,
  [row, column]: readonly [number, number],
  key: "ArrowUp" | "ArrowDown" | "ArrowLeft" | "ArrowRight",
): readonly [number, number] {
  const [down, right] = {
    ArrowUp: [-1, 0],
    ArrowDown: [1, 0],
    ArrowLeft: [0, -1],
    ArrowRight: [0, 1],
  }[key] as [number, number];
  let [r, c] = [row + down, column + right];
  while (floors[r]?.cells[c] !== undefined) {
    if (floors[r]!.cells[c]) return [r, c];
    [r, c] = [r + down, c + right];
  }
  return [row, column];
}
