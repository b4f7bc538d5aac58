/**
 * The replica: a device's copy of the records of its feeds, and the work done on it.
 *
 * A worker opens the tablet in a stairwell without a signal and must find the households,
 * change them, and lose nothing if the battery dies a second later.
 *
 * Invariants
 *   * An operation is stored in the block that read what it is based on.
 *   * The outbox is sent in the order of its stamps; members of a group stay together.
 *   * A stamp is greater than every stamp of this replica before it, also after a restart and
 *     beside another tab.
 *
 * What the server answers is taken in by `intake.ts`. This module reads no clock and draws
 * nothing: callers pass `nowMs`, record ids and the incarnation.
 */
import { NO_CATALOGUE, readCatalogue, ROW_HEAD, type Catalogue, type RecordType } from "./catalogue";
import { operation, seenOf } from "./outbox";
import { countPhotos, noteUploads, type PhotoCounts } from "./photo_rows";
import { Refused } from "./problems";
import { headOf, PENDING, waitingEntry, type Entry, type Raw, type ReplicaStorage, type Shelf } from "./replica_storage";
import { PROTOCOL, type Request } from "./session";
import { Stamps } from "./stamps";
import type { Counts } from "./status";
import type { Draft, Fields, Json, View } from "./types";
import { asRecord, look } from "./view";

/** Operations in a request, unless a group needs more. */
export const BATCH_MAX = 500;

const ALIASES_MAX = 32;

/** The part of a shelf that only reads. */
type Reading = ReplicaStorage["shelf"];

/** What is done in one block. */
export interface Doing {
  readonly nowMs: number;
  /** An id, if the server must apply the operations together. */
  readonly group?: string | undefined;
  /** Key of the form draft that goes in the same transaction. */
  readonly draft?: string | undefined;
  /** What else is changed in the same transaction, before the operations are made. */
  readonly first?: (shelf: Shelf) => void;
}

/** One worker's copy on one device. */
export class LocalReplica {
  types: Catalogue = NO_CATALOGUE;
  readonly device: string;
  readonly user: string;
  private readonly stamps: Stamps;
  private readonly cache = new Map<string, View | null>();

  /** Opens what `enrol` made. `incarnation`: 4 base-32 characters, drawn for this. */
  constructor(readonly storage: ReplicaStorage, incarnation: string) {
    const { shelf } = storage;
    const [device, user] = [shelf.meta("device"), shelf.meta("user")];
    if (typeof device !== "string" || typeof user !== "string") throw new Refused("no_profile");
    [this.device, this.user] = [device, user];
    this.stamps = new Stamps(device, incarnation, shelf.meta("last_stamp") as string | null);
    this.readTypes();
  }

  /**
   * Make an empty replica, or give one that is there a new device id (`replaces`). What waits
   * stays, under the stamps that it has. Refuses for another user. If nothing is shown of its
   * own work, the new device counts its stamps by the clock again: a clock that once ran years
   * ahead would else have all work held for years (`stamp_ahead`).
   */
  static async enrol(storage: ReplicaStorage, device: string, user: string): Promise<void> {
    await storage.write("mine", (shelf) => {
      const known = shelf.meta("user");
      if (known !== null && known !== user) throw new Refused("not_your_device");
      const isAnother = shelf.meta("device") !== device;
      if (isAnother && PENDING.every((state) => shelf.count(state) === 0)) shelf.setMeta("last_stamp", null);
      shelf.setMeta("device", device);
      shelf.setMeta("user", user);
    });
  }

  // Reading ---------------------------------------------------------------------------------

  /** What is seen of a record, through the one that stands for it if it was merged. */
  view(record: string): View | null {
    const standing = this.resolve(record);
    const known = this.cache.get(standing);
    if (known !== undefined) return known;
    const view = this.look(this.storage.shelf, standing);
    this.cache.set(standing, view);
    return view;
  }

  /** Every record of one type that is seen, deleted ones left out, in the order of ids. */
  views(type: string): View[] {
    const { shelf } = this.storage;
    const records = new Set([...shelf.records(type), ...shelf.pendingRecords(type)]);
    const found: View[] = [];
    for (const record of [...records].sort()) {
      const view = shelf.alias(record) === null ? this.view(record) : null;
      if (view !== null && !view.deleted && view.type === type) found.push(view);
    }
    return found;
  }

  /** The row that the server sent, without the own work over it. */
  base(record: string): View | null {
    const stored = this.storage.shelf.row(record);
    const spec = stored === null ? null : this.types.get(stored.type);
    return stored === null || spec === null ? null : look(asRecord(stored, spec), [], spec);
  }

  /** The record that stands for `record`: itself, unless it was merged into another. */
  resolve(record: string): string {
    for (let step = 0; step < ALIASES_MAX; step += 1) {
      const into = this.storage.shelf.alias(record);
      if (into === null) break;
      record = into;
    }
    return record;
  }

  /** What `status.ts` tells a person of, and when the oldest that waits was made. */
  counts(): Counts & { oldestMs: number | null; photos: PhotoCounts } {
    const { shelf } = this.storage;
    return {
      waiting: shelf.count("waiting"),
      oldestMs: shelf.inState("waiting")[0]?.body.at ?? null,
      kept: shelf.count("held") + shelf.count("rejected"),
      handedInMs: shelf.meta("handed_in_ms") as number | null,
      photos: countPhotos(shelf),
    };
  }

  /** Views of these records are made anew when they are asked for next; `null`: of all. */
  forget(records: readonly string[] | null): void {
    if (records === null) this.cache.clear();
    else for (const record of records) this.cache.delete(record);
  }

  private look(shelf: Reading, record: string): View | null {
    const [stored, entries] = [shelf.row(record), shelf.pending(record)];
    const type = stored?.type ?? entries[0]?.body.type;
    const spec = type === undefined ? null : this.types.get(type);
    if (spec === null) return null;
    return look(stored === null ? null : asRecord(stored, spec), entries, spec);
  }

  // Working ---------------------------------------------------------------------------------

  /**
   * Queue what was done, all or nothing: the stamps, null for what changed nothing. Refuses
   * what could never be accepted as it is; then nothing is queued.
   */
  async make(drafts: readonly Draft[], doing: Doing): Promise<(string | null)[]> {
    return this.storage.write("mine", (shelf) => {
      doing.first?.(shelf);
      this.stamps.follow(shelf.meta("last_stamp") as string | null);
      const made = drafts.map((draft) => this.queue(shelf, draft, doing.nowMs));
      const members = made.filter((entry): entry is Entry => entry !== null);
      if (doing.group !== undefined && members.length > 1) {
        const group = { id: doing.group, of: members.length };
        for (const entry of members) shelf.saveEntry({ ...entry, body: { ...entry.body, group } });
      }
      if (doing.draft !== undefined) shelf.dropDraft(doing.draft);
      return made.map((entry) => entry?.stamp ?? null);
    });
  }

  private queue(shelf: Shelf, draft: Draft, nowMs: number): Entry | null {
    const spec = this.types.get(draft.type);
    if (spec === null) {
      throw new Refused("unknown_type", { pointer: "/type", params: { type: draft.type } });
    }
    const [stored, entries] = [shelf.row(draft.record), shelf.pending(draft.record)];
    const base = stored === null ? null : asRecord(stored, spec);
    const seen = seenOf(base, entries, spec, stored?.seen ?? null);
    const raw = operation(draft, seen, spec, {
      stamp: this.stamps.next(nowMs),
      actor: this.user,
      schema: this.types.schema,
      at: nowMs,
      offsetMs: shelf.meta("offset_ms") as number | null,
    });
    if (raw === null) return null;
    const shown = seen.shown;
    const was = shown === null ? {} : valuesBefore(raw, (name) => shown.get(name));
    const entry = waitingEntry(raw, was);
    shelf.saveEntry(entry);
    noteUploads(shelf, raw, spec);
    shelf.setMeta("last_stamp", raw.stamp);
    return entry;
  }

  /** Keep note of a look at restricted facts; it is told to the server when there is a network. */
  async noteLook(record: string, purpose: string, nowMs: number): Promise<void> {
    await this.storage.write("mine", (shelf) => {
      const look = { record, purpose, at: nowMs, offset_ms: shelf.meta("offset_ms") };
      shelf.setMeta(LOOKS, [...looksOf(shelf), look]);
    });
  }

  /** The type of a record that is shown. */
  specOf(record: string): RecordType {
    const view = this.view(record);
    if (view === null) throw new Refused("unknown_record", { pointer: "/record" });
    return view.spec;
  }

  // Exchanging ------------------------------------------------------------------------------

  /**
   * The next exchange's request. From now on, answers to older ones are stale. `status`: what
   * the device tells of itself; the outbox is added here.
   */
  async begin(about: { nowMs: number; limit?: number; batch?: number; status?: Fields }): Promise<Request> {
    const batch = about.batch ?? BATCH_MAX;
    return this.storage.write("mine", (shelf) => {
      const number = ((shelf.meta("exchange") ?? 0) as number) + 1;
      shelf.setMeta("exchange", number);
      const waiting = shelf.inState("waiting");
      const entries = batchOf(waiting, batch);
      for (const entry of entries) if (!entry.sent) shelf.saveEntry({ ...entry, sent: true });
      const body: Fields = {
        protocol: PROTOCOL,
        device: this.device,
        schema: this.types.schema,
        sent_at: about.nowMs,
        operations: entries.map((entry) => entry.body as Json),
        checkpoint: checkpointOf(shelf),
        limit: about.limit ?? 2_000,
        status: {
          ...about.status, outbox: waiting.length, oldest_pending: entries[0]?.body.at ?? null,
        },
      };
      const stamps = entries.map((one) => one.stamp);
      return { number, body, stamps, sentMs: about.nowMs, beyond: waiting.length - entries.length };
    });
  }

  /** Take a catalogue; it is used from now on. Throws `TypeError` if it is none. */
  async learn(document: Fields, etag: string | null, nowMs = 0): Promise<void> {
    readCatalogue(document);
    await this.storage.write("server", (shelf) => {
      shelf.setMeta("catalogue", document as Json);
      shelf.setMeta("etag", etag);
      shelf.setMeta("learnt_ms", nowMs);
    });
    this.readTypes();
  }

  /** Read the catalogue that is kept; whether it is another than before. */
  readTypes(): boolean {
    const document = this.storage.shelf.meta("catalogue") as Fields | null;
    if (document === null || (this.types.schema !== 0 && document === this.document)) return false;
    this.types = readCatalogue(document);
    this.document = document;
    this.cache.clear();
    return true;
  }

  private document: Fields | null = null;
}

const LOOKS = "looks";

/** Looks at restricted facts that were not told yet, oldest first. */
export function looksOf(shelf: Reading): readonly Json[] {
  return (shelf.meta(LOOKS) ?? []) as Json[];
}

/** The oldest `count` looks were told. */
export function dropLooks(shelf: Shelf, count: number): void {
  shelf.setMeta(LOOKS, looksOf(shelf).slice(count));
}

/** Where this replica stands in each of its feeds. */
export function checkpointOf(shelf: Reading): { [feed: string]: Json } {
  const named = shelf.feeds().filter((feed) => feed.cursor !== null);
  return Object.fromEntries(named.map((feed) => [feed.name, feed.cursor]));
}

function valuesBefore(raw: Raw, before: (name: string) => Json): Fields {
  const names = Object.keys((raw.fields ?? {}) as Fields);
  return Object.fromEntries(names.map((name) => [name, before(name)]));
}

/** Of a deleted record only its head is kept, once no work on it is shown any more. */
export function bury(shelf: Shelf, records: Iterable<string>): void {
  for (const record of records) {
    const stored = shelf.row(record);
    if (!stored?.deleted || shelf.pending(record).length > 0) continue;
    if (stored.keys.length <= ROW_HEAD.length) continue;
    const head = headOf(stored);
    shelf.saveRow({ ...stored, keys: ROW_HEAD, row: [record, head, head, null, null, null] });
  }
}

/** The operations of one request: at most `most`, but never part of a group. */
export function batchOf(entries: readonly Entry[], most: number): readonly Entry[] {
  const [last, next] = [entries[most - 1], entries[most]];
  if (last === undefined || next === undefined) return entries;
  const group = groupOf(next);
  if (group === null || groupOf(last) !== group) return entries.slice(0, most);
  const start = entries.findIndex((entry) => groupOf(entry) === group);
  if (start > 0) return entries.slice(0, start);
  return entries.filter((entry) => groupOf(entry) === group);
}

export function groupOf(entry: Entry): string | null {
  const group = entry.body.group as { id?: Json } | null;
  return typeof group?.id === "string" ? group.id : null;
}
