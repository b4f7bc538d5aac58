/**
 * Stamps: name operations from a tablet whose wall clock cannot be trusted.
 *
 * A tablet can be offline for days with a clock that is hours wrong or jumps back, and can
 * come back from yesterday's backup. The wall part never goes below the last one, a counter
 * tells apart what happened in one millisecond, and the incarnation, drawn anew each time a
 * replica is opened, tells a restored backup (and a second tab) from its original.
 *
 * Invariants
 *   * `next` returns a stamp strictly greater than any it gave before.
 *   * A device never advances its stamps by stamps that it receives.
 */
import { Refused } from "./problems";

/** Crockford's alphabet in lower case: no `i l o u`, so that codes can be read aloud. */
export const BASE32 = "0123456789abcdefghjkmnpqrstvwxyz";

const COUNTER_MAX = 0xffff;
const WALL_MAX = 2 ** 48 - 1;
const STAMP = /^[0-9a-f]{12}-[0-9a-f]{4}-[0-9a-hjkmnp-tv-z]{12}$/;
const DEVICE = /^[0-9a-hjkmnp-tv-z]{8}$/;
const INCARNATION = /^[0-9a-hjkmnp-tv-z]{4}$/;

export function isStamp(text: unknown): text is string {
  return typeof text === "string" && STAMP.test(text);
}

/** `length` base-32 characters; `draw(n)` gives a whole number from 0 to n - 1. */
export function base32(draw: (below: number) => number, length: number): string {
  return Array.from({ length }, () => BASE32[draw(32)]).join("");
}

/** The source of one replica's stamps. */
export class Stamps {
  private readonly suffix: string;
  private wall = 0;
  private counter = -1;

  /** `last`: the greatest stamp that this replica made before it was opened, if any. */
  constructor(device: string, incarnation: string, last: string | null) {
    const fits = DEVICE.test(device) && INCARNATION.test(incarnation);
    if (!fits || !(last === null || isStamp(last))) throw new Refused("bad_stamp");
    this.suffix = device + incarnation;
    this.follow(last);
  }

  /** Go on after a stamp of this replica's that another tab has made. */
  follow(last: string | null): void {
    if (last === null) return;
    const [wall, counter] = [parseInt(last.slice(0, 12), 16), parseInt(last.slice(13, 17), 16)];
    if (wall < this.wall || (wall === this.wall && counter <= this.counter)) return;
    [this.wall, this.counter] = [wall, counter];
  }

  /** A stamp greater than all before, for a clock that shows `nowMs`. */
  next(nowMs: number): string {
    if (nowMs > this.wall) [this.wall, this.counter] = [nowMs, 0];
    else if (this.counter < COUNTER_MAX) this.counter += 1;
    else [this.wall, this.counter] = [this.wall + 1, 0];
    if (this.wall > WALL_MAX) throw new Refused("bad_stamp");
    const wall = this.wall.toString(16).padStart(12, "0");
    return `${wall}-${this.counter.toString(16).padStart(4, "0")}-${this.suffix}`;
  }
}
