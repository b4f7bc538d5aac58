/**
 * Search: finds a person or a door among all that this tablet holds, while one types.
 *
 * A caller gives a surname, four digits of a telephone, or a door; a worker types the
 * initials of a name. All go into one field, and the answer must be there before the
 * next key: under 50 ms among 10,000 people. Everything is in memory and looked at once;
 * an index by letters would be faster still and would have to be kept true.
 *
 * Invariants
 *   - Words typed apart must all be found in one entry.
 *   - A person and the household that they hold are one hit, the person's.
 *   - The best come first: a name from its beginning, then doors, then the rest, each in
 *     walking order (2 before 10).
 */

import { covers, readings } from "./pinyin";

/** Where somebody lives, in the parts that people say. A missing part is empty. */
export interface Door {
  compound: string;
  building: string;
  entrance: string;
  room: string;
}

/** One thing to be found. `household` is the one whose file it opens. */
export interface Entry {
  id: string;
  kind: "resident" | "household";
  household: string | null;
  name: string;
  door: Door;
  phone: string;
}

/** What was found, and which part of it: ranges are [from, to) in characters, to be marked. */
export interface Hit {
  entry: Entry;
  rank: number;
  name: readonly Range[];
  phone: readonly Range[];
  door: boolean;
}
export type Range = readonly [number, number];

interface Prepared {
  entry: Entry;
  characters: readonly string[];
  digits: string;
  /** The address as it is searched in. */
  place: string;
  order: string;
}

const RANKS = { nameStart: 0, door: 1, nameInside: 2, room: 3, phone: 4, compound: 5 } as const;

const DOOR =
  /^(\d{1,4})\s*(?:幢|栋|号楼|号|-|\s)\s*(?:(\d{1,2})\s*(?:单元|-|\s)\s*)?(\d{1,5})\s*(?:室|号)?$/;

/** (building, entrance or null, room) of a door as people write it, or null. */
export function readDoor(text: string): [string, string | null, string] | null {
  const found = DOOR.exec(text.trim());
  return found ? [found[1]!, found[2] ?? null, found[3]!] : null;
}

/** Whether a part of an address ("3栋", "1单元") is the number that was typed. */
const isNumbered = (part: string, number: string): boolean => /^\d+/.exec(part)?.[0] === number;

/** A key that sorts doors as one walks past them: runs of digits count by their value. */
export function walkingKey(...parts: readonly string[]): string {
  return parts
    .map((part) => part.replace(/\d+/g, (digits) => digits.padStart(6, "0")))
    .join("\u0001");
}

/** Typed text as it is compared: full-width digits and letters as plain ones, lower case. */
export const plain = (text: string): string => text.normalize("NFKC").toLowerCase();

export class SearchIndex {
  readonly #entries = new Map<string, Prepared>();
  /** All of them in walking order; null after a change, until somebody looks for something. */
  #walk: readonly Prepared[] | null = null;

  get size(): number {
    return this.#entries.size;
  }

  /** Take in an entry, or its newer state. */
  put(entry: Entry): void {
    const { compound, building, entrance, room } = entry.door;
    const characters = [...plain(entry.name)];
    // Each character's reading is looked up once, now, and not at the first key.
    characters.forEach(readings);
    this.#entries.set(entry.id, {
      entry,
      characters,
      digits: entry.phone.replace(/\D/g, ""),
      place: plain(compound + building + entrance + room),
      order: walkingKey(compound, building, entrance, room),
    });
    this.#walk = null;
  }

  remove(id: string): void {
    this.#entries.delete(id);
    this.#walk = null;
  }

  clear(): void {
    this.#entries.clear();
    this.#walk = null;
  }

  /** The best `limit` hits, and how many there are altogether. */
  find(text: string, limit = 60): { hits: Hit[]; total: number } {
    const test = tester(plain(text).trim());
    if (!test) return { hits: [], total: 0 };
    this.#walk ??= [...this.#entries.values()].sort((a, b) => (a.order < b.order ? -1 : 1));
    // Hits come in walking order already: they only have to be put apart by rank.
    const byRank: Hit[][] = Object.values(RANKS).map(() => []);
    for (const prepared of this.#walk) {
      const hit = test(prepared);
      if (hit) byRank[hit.rank]!.push(hit);
    }
    const found = withoutTwins(byRank.flat());
    return { hits: found.slice(0, limit), total: found.length };
  }
}

type Test = (prepared: Prepared) => Hit | null;

function tester(text: string): Test | null {
  if (text === "") return null;
  const door = readDoor(text);
  if (door) return (prepared) => byDoor(prepared, door);
  const words = text.split(/\s+/);
  if (words.length === 1) return (prepared) => byWord(prepared, text);
  return (prepared) => byWords(prepared, words);
}

function byWords(prepared: Prepared, words: readonly string[]): Hit | null {
  let all: Hit | null = null;
  for (const word of words) {
    const one = byWord(prepared, word);
    if (!one) return null;
    all = all ? together(all, one) : one;
  }
  return all;
}

const together = (a: Hit, b: Hit): Hit => ({
  entry: a.entry,
  rank: Math.min(a.rank, b.rank),
  name: [...a.name, ...b.name],
  phone: [...a.phone, ...b.phone],
  door: a.door || b.door,
});

function byDoor(
  prepared: Prepared,
  [building, entrance, room]: [string, string | null, string],
): Hit | null {
  const { entry } = prepared;
  if (entry.kind !== "household" || entry.door.room !== room) return null;
  if (!isNumbered(entry.door.building, building)) return null;
  if (entrance !== null && !isNumbered(entry.door.entrance, entrance)) return null;
  return { entry, rank: RANKS.door, name: [], phone: [], door: true };
}

function byWord(prepared: Prepared, word: string): Hit | null {
  return /^\d+$/.test(word)
    ? byDigits(prepared, word)
    : (byName(prepared, word) ?? byPlace(prepared, word));
}

/** Digits are a room, the beginning of one, or the end of a telephone number. */
function byDigits({ entry, digits }: Prepared, typed: string): Hit | null {
  if (entry.kind === "household" && entry.door.room.startsWith(typed)) {
    const rank = entry.door.room === typed ? RANKS.door : RANKS.room;
    return { entry, rank, name: [], phone: [], door: true };
  }
  if (typed.length < 3) return null;
  const at = digits.endsWith(typed)
    ? digits.length - typed.length
    : typed.length >= 7
      ? digits.indexOf(typed)
      : -1;
  if (at < 0) return null;
  return { entry, rank: RANKS.phone, name: [], phone: [[at, at + typed.length]], door: false };
}

function byName({ entry, characters }: Prepared, word: string): Hit | null {
  for (let from = 0; from < characters.length; from += 1) {
    const length = covers(word, characters, from);
    if (length === 0) continue;
    const rank = from === 0 ? RANKS.nameStart : RANKS.nameInside;
    return { entry, rank, name: [[from, from + length]], phone: [], door: false };
  }
  return null;
}

function byPlace({ entry, place }: Prepared, word: string): Hit | null {
  if (entry.kind !== "household" || !place.includes(word)) return null;
  return { entry, rank: RANKS.compound, name: [], phone: [], door: true };
}

/** A householder is found as a person: the household of the same name falls away. */
function withoutTwins(found: Hit[]): Hit[] {
  const people = new Set<string>();
  for (const { entry } of found) {
    if (entry.kind === "resident") people.add(`${entry.household} ${entry.name}`);
  }
  if (people.size === 0) return found;
  return found.filter(
    ({ entry, door }) =>
      entry.kind === "resident" || door || !people.has(`${entry.id} ${entry.name}`),
  );
}
