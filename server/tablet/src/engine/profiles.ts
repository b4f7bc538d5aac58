/**
 * Profiles: who is enrolled on this tablet, and enrolling.
 *
 * Several workers share a tablet, each with a database of their own; this small one lists
 * them, with their PINs, and remembers enrolments that were begun, because the answer to one
 * may be lost and a one-time code cannot be asked for again.
 *
 * Invariants
 *   * The nonce of an enrolment is on the disk before it is first sent, and goes only when the
 *     profile is there.
 *   * No token is here: those are in the profile's own database.
 */
import { openDatabase, read, result, write, type Migrations } from "./database";
import { Refused } from "./problems";
import { hashPin, isPin, type PinHash } from "./sealing";
import type { PinAnswer, Profile } from "./types";

const NAME = "yuanba";
const MIGRATIONS: Migrations = [
  (database) => {
    database.createObjectStore("profile", { keyPath: "id" });
    database.createObjectStore("enrolling", { keyPath: "code" });
  },
];

const TRIES_FREE = 5;
const PIN_WAIT_MS = 30_000;
const PIN_WAIT_MS_MAX = 15 * 60_000;

/** A profile as it is kept. `tries`: wrong PINs in a row; none before `waitUntilMs`. */
export interface ProfileRow {
  readonly id: string;
  readonly device: string;
  readonly user: string;
  readonly name: string;
  readonly server: string;
  readonly lastUsedMs: number;
  readonly waiting: number;
  readonly pin: PinHash | null;
  readonly tries: number;
  readonly waitUntilMs: number;
}

/** An enrolment that was begun: what is sent again until an answer comes. */
export interface EnrollingRow {
  readonly code: string;
  readonly nonce: string;
  readonly name: string;
  readonly server: string;
  /** The device whose work the new one carries on, and its profile here. */
  readonly replaces: string | null;
  readonly profile: string | null;
  /** What the new device will sign with, where the browser can. */
  readonly signing: CryptoKeyPair | null;
}

export class Directory {
  private constructor(private readonly database: IDBDatabase) {}

  static async open(factory: IDBFactory): Promise<Directory> {
    return new Directory(await openDatabase(factory, NAME, MIGRATIONS));
  }

  close(): void {
    this.database.close();
  }

  /** Every profile, last used first. */
  async list(): Promise<ProfileRow[]> {
    const rows = await read(this.database, ["profile"], (transaction) => (
      result(transaction.objectStore("profile").getAll())
    )) as ProfileRow[];
    return rows.sort((one, other) => other.lastUsedMs - one.lastUsedMs);
  }

  async find(id: string): Promise<ProfileRow> {
    const row = await read(this.database, ["profile"], (transaction) => (
      result(transaction.objectStore("profile").get(id))
    )) as ProfileRow | undefined;
    if (row === undefined) throw new Refused("no_profile");
    return row;
  }

  /** Keep a new profile, and forget the enrolment that made it. */
  async add(row: ProfileRow, code: string): Promise<void> {
    await write(this.database, ["profile", "enrolling"], (transaction) => {
      transaction.objectStore("profile").put(row);
      transaction.objectStore("enrolling").delete(code);
    });
  }

  /** Change some of a profile; nothing if it is gone. */
  async change(id: string, some: Partial<ProfileRow>): Promise<void> {
    await write(this.database, ["profile"], async (transaction) => {
      const store = transaction.objectStore("profile");
      const row = await result(store.get(id)) as ProfileRow | undefined;
      if (row !== undefined) store.put({ ...row, ...some });
    });
  }

  async remove(id: string): Promise<void> {
    await write(this.database, ["profile"], (transaction) => {
      transaction.objectStore("profile").delete(id);
    });
  }

  // Enrolling

  /** The enrolment by this code: as it was begun before, or as it begins now. */
  async begin(row: EnrollingRow): Promise<EnrollingRow> {
    return write(this.database, ["enrolling"], async (transaction) => {
      const store = transaction.objectStore("enrolling");
      const known = await result(store.get(row.code)) as EnrollingRow | undefined;
      // The answer belongs to the nonce and the key; where it is sent, and for whom, may be corrected.
      const begun = known === undefined ? row : { ...row, nonce: known.nonce, signing: known.signing };
      store.put(begun);
      return begun;
    });
  }

  /** The server said that nothing will come of it. */
  async giveUp(code: string): Promise<void> {
    await write(this.database, ["enrolling"], (transaction) => {
      transaction.objectStore("enrolling").delete(code);
    });
  }

  // PINs

  async setPin(id: string, pin: string | null): Promise<void> {
    if (pin !== null && !/^\d{4,12}$/.test(pin)) throw new Refused("pin_form");
    await this.change(id, { pin: pin === null ? null : await hashPin(pin), tries: 0, waitUntilMs: 0 });
  }

  /** Whether a PIN is right. After some wrong ones, each further try must wait longer. */
  async checkPin(id: string, pin: string, nowMs: number): Promise<PinAnswer> {
    const { pin: known, waitMs, isTaken } = await this.tryPin(id, nowMs);
    if (known === null) return { ok: true };
    if (!isTaken || !(await isPin(pin, known))) return { ok: false, waitMs };
    await this.change(id, { tries: 0, waitUntilMs: 0 });
    return { ok: true };
  }

  /**
   * Count a try before it is known whether it is right: several at once, in several tabs, or a
   * battery pulled after each, gain nothing.
   */
  private tryPin(
    id: string, nowMs: number,
  ): Promise<{ pin: PinHash | null; waitMs: number; isTaken: boolean }> {
    return write(this.database, ["profile"], async (transaction) => {
      const store = transaction.objectStore("profile");
      const row = await result(store.get(id)) as ProfileRow | undefined;
      if (row === undefined) throw new Refused("no_profile");
      const { pin } = row;
      // A clock that was put back lengthens no waiting beyond the longest.
      const leftMs = Math.min(row.waitUntilMs - nowMs, PIN_WAIT_MS_MAX);
      if (pin === null || leftMs > 0) return { pin, waitMs: leftMs, isTaken: false };
      const tries = row.tries + 1;
      const waitMs = tries < TRIES_FREE ? 0
        : Math.min(PIN_WAIT_MS * 2 ** (tries - TRIES_FREE), PIN_WAIT_MS_MAX);
      store.put({ ...row, tries, waitUntilMs: nowMs + waitMs });
      return { pin, waitMs, isTaken: true };
    });
  }
}

/** What people do to a code is undone: blanks, hyphens, capitals, O for 0, I and L for 1. */
export function readCode(typed: string): string {
  const plain = typed.replace(/[\s\-–—·]/g, "").toLowerCase();
  return plain.replace(/o/g, "0").replace(/[il]/g, "1");
}

export function asProfile(row: ProfileRow): Profile {
  const { id, device, user, name, server, lastUsedMs, waiting, pin } = row;
  return { id, device, user, name, server, lastUsedMs, waiting, hasPin: pin !== null };
}
