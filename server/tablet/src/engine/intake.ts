/**
 * Intake: what each line of an answer does to the replica.
 *
 * The tablet may die between any two lines. So each step is one transaction, and leaves a
 * replica from which the next exchange goes on as if it had been planned so. A row is dropped
 * only when the server said that it left, that its feed is read no longer, or that a whole new
 * set of its feed has come without it.
 *
 * Invariants
 *   * A page and its cursor are kept in one transaction.
 *   * Nothing of an answer to an older request is kept.
 *   * A repeated ack changes the outbox, never the base.
 *   * With `feeds` null in `hello`, nothing but the outbox changes.
 *   * No row goes while work on it waits.
 *
 * This module merges nothing: what the server sends takes the place of what was there.
 */
import type { Ack, Block, Done, Hello, Line, Page } from "./answer";
import type { Catalogue, RecordType } from "./catalogue";
import { compare, counted, type Difference } from "./digests";
import { asTold, fieldsOf, fold } from "./fold";
import { renewed } from "./lease";
import type { Record, Row } from "./record";
import { eraseUploads, handInAgain } from "./photo_rows";
import { blanked, isRedacted, writeOver } from "./redaction";
import { bury } from "./replica";
import {
  headOf,
  type Answer,
  type Entry,
  type FeedRow,
  type ReplicaStorage,
  type Shelf,
  type State,
  type Stored,
} from "./replica_storage";
import { endsAll, type Request } from "./session";
import type { Json } from "./types";
import { asRecord, asStored } from "./view";

/** Acknowledged operations are kept for 30 days: a server restored from a backup gets them. */
export const KEEP_MS = 30 * 86_400_000;

/** Outcome of an ack → state of the operation. */
const STATES: { readonly [outcome: string]: State } = {
  applied: "acknowledged",
  merged: "acknowledged",
  conflict: "acknowledged",
  held: "held",
  rejected: "rejected",
};

/** The answer belongs to an older request than the newest; nothing of it is applied. */
export class StaleAnswer extends Error {}

/** Where an answer is taken in: a replica, as far as this module needs it. */
export interface Taker {
  readonly storage: ReplicaStorage;
  readonly types: Catalogue;
}

/** Takes in the answer to one request. */
export class Intake {
  differences: readonly Difference[] = [];
  private greeting: Hello | null = null;
  /** Feeds whose whole set will come, before its first page. */
  private unbegun = new Set<string>();

  constructor(private readonly replica: Taker, private readonly request: Request) {}

  /**
   * Keep what lines of `Session.receive` say. Acks that came together are kept together.
   * `nowMs` is the device's clock. Throws `StaleAnswer` if a newer request was begun.
   */
  async take(lines: readonly Line[], nowMs: number): Promise<void> {
    let acks: Ack[] = [];
    for (const line of lines) {
      if (line.kind === "ack") {
        acks.push(line);
        continue;
      }
      if (acks.length > 0) await this.acks(acks);
      acks = [];
      if (line.kind === "hello") await this.hello(line, nowMs);
      else if (line.kind === "page") await this.page(line);
      else await this.done(line, nowMs);
    }
    if (acks.length > 0) await this.acks(acks);
  }

  private write<T>(block: (shelf: Shelf) => T): Promise<T> {
    return this.replica.storage.write("server", (shelf) => {
      if (shelf.meta("exchange") !== this.request.number) throw new StaleAnswer();
      return block(shelf);
    });
  }

  // Hello -----------------------------------------------------------------------------------

  /** What the server is, which feeds are read, and which start anew. */
  private async hello(hello: Hello, nowMs: number): Promise<void> {
    this.greeting = hello;
    if (endsAll(this.request, hello)) return;
    this.unbegun = await this.write((shelf) => {
      const known = shelf.meta("offset_ms") as number | null;
      shelf.setMeta("offset_ms", offset(hello.now, this.request.sentMs, nowMs, known));
      shelf.setMeta("problem", hello.problem as Json);
      shelf.setMeta("schema", hello.schema);
      // Until it is erased it shows nothing but what was made on it.
      shelf.setMeta("lease_days", hello.wipe ? 0 : hello.leaseDays);
      // Also from who may only hand in: a restored server gets back what any tablet knows.
      const epoch = shelf.meta("epoch");
      if (epoch !== null && epoch !== hello.epoch) {
        requeue(shelf);
        handInAgain(shelf);
      }
      shelf.setMeta("epoch", hello.epoch);
      if (hello.feeds === null) return new Set<string>();
      noteExpected(shelf, hello, hello.feeds);
      return setFeeds(shelf, hello, hello.feeds);
    });
  }

  private get met(): Hello {
    if (this.greeting === null) throw new Error("an answer begins with a hello");
    return this.greeting;
  }

  // Acks ------------------------------------------------------------------------------------

  /** What became of operations that were sent. */
  private async acks(acks: readonly Ack[]): Promise<void> {
    const hello = this.met;
    await this.write((shelf) => {
      const records = new Set<string>();
      for (const ack of acks) {
        const entry = shelf.entry(ack.stamp ?? "");
        if (entry !== null) records.add(entry.record);
      }
      counted(shelf, records, () => {
        for (const ack of acks) {
          const entry = shelf.entry(ack.stamp ?? "");
          if (entry?.state !== "waiting") continue;
          if (ack.problem?.code === "redacted") eraseUploads(shelf, entry, Object.keys(fieldsOf(entry.body)));
          shelf.saveEntry(answered(entry, ack, hello));
          if (!ack.repeated && hello.feeds !== null) this.settle(shelf, entry, ack);
        }
      });
      bury(shelf, records);
    });
  }

  /** Make the base row what it is after an operation that was acknowledged first just now. */
  private settle(shelf: Shelf, entry: Entry, ack: Ack): void {
    const raw = entry.body;
    // Under a create, what is here is of a history that was lost, and says nothing of this one.
    const stored = raw.kind === "create" ? null : shelf.row(entry.record);
    const spec = this.replica.types.get(raw.type);
    if (spec === null || STATES[ack.outcome] !== "acknowledged") return;
    const record = afterAck(stored === null ? null : asRecord(stored, spec), entry, ack, spec);
    if (record === null || (stored === null && ack.feeds.length === 0)) return;
    shelf.saveRow(asStored(record, stored?.seen ?? record.head));
    if (raw.kind === "merge" && ack.outcome === "applied" && typeof raw.into === "string") {
      shelf.saveAlias(record.id, raw.into);
    }
    if (!record.deleted) place(shelf, record.id, ack.feeds);
  }

  // Pages -----------------------------------------------------------------------------------

  /** A run of one feed, and the cursor after it. */
  private async page(page: Page): Promise<void> {
    const put = page.put.flatMap((block) => block.rows.map((row) => row[0] as string));
    const begins = this.unbegun.has(page.feed);
    await this.write((shelf) => {
      const round = beginSet(shelf, page.feed, begins);
      const deleted = Object.keys(page.deleted);
      counted(shelf, [...put, ...deleted, ...page.left], () => {
        writeOver(shelf, page);
        savePut(shelf, page.put);
        const known = deleted.filter((record) => shelf.row(record) !== null);
        for (const record of known) {
          const head = page.deleted[record] as string;
          const one = shelf.row(record) as Stored;
          shelf.saveRow({ ...one, row: withHead(one.row, head), deleted: true, seen: head });
        }
        shelf.join(page.feed, [...put, ...known], round);
        shelf.leave(page.feed, page.left);
      });
      settlePage(shelf, page, put);
      const feed = shelf.feed(page.feed);
      if (feed !== null) shelf.saveFeed({ ...feed, cursor: page.cursor });
    });
    this.unbegun.delete(page.feed);
  }

  // Done ------------------------------------------------------------------------------------

  /** The answer is whole: end resets, drop what left, compare digests. */
  private async done(done: Done, nowMs: number): Promise<void> {
    const hello = this.met;
    this.differences = await this.write((shelf) => {
      for (const feed of shelf.feeds()) {
        if (feed.resetting && done.digests.has(feed.name)) endReset(shelf, feed);
      }
      const waiting = shelf.count("waiting");
      if (!done.more) {
        if (hello.feeds !== null) tidy(shelf, waiting);
        shelf.forget(hello.now - KEEP_MS);
        if (waiting === 0) shelf.setMeta("handed_in_ms", nowMs);
      }
      const success = renewed((key) => shelf.meta(key), nowMs);
      for (const [key, value] of Object.entries(success)) shelf.setMeta(key, value);
      markReady(shelf, nowMs);
      const differences = compare(shelf, done.digests);
      if (differences.length > 0) {
        const count = (shelf.meta("differences") ?? 0) as number;
        shelf.setMeta("differences", count + differences.length);
      }
      return differences;
    });
  }
}

function savePut(shelf: Shelf, put: readonly Block[]): void {
  for (const { type, keys, rows } of put) {
    for (const row of rows) {
      const [record, head] = row as [string, string];
      shelf.saveRow({ record, type, keys, row, deleted: false, seen: head });
    }
  }
}

/**
 * The round of a page. The first one of a whole set begins a new round: what this answer
 * acknowledged before it counts as little as what was there, for if it was deleted or moved
 * since, nobody says so.
 */
function beginSet(shelf: Shelf, name: string, begins: boolean): number {
  const feed = shelf.feed(name);
  if (feed === null) throw new Error("a page belongs to a feed of its hello");
  if (!begins) return feed.round;
  shelf.saveFeed({ ...feed, round: feed.round + 1 });
  return feed.round + 1;
}

/** What else a page means: aliases, notices, and rows of operations that had arrived. */
function settlePage(shelf: Shelf, page: Page, put: readonly string[]): void {
  // Nothing stands for one that is here, or that was deleted for its own sake.
  for (const record of [...put, ...Object.keys(page.deleted)])
    if (shelf.alias(record) !== null) shelf.dropAlias(record);
  for (const [record, into] of Object.entries(page.alias)) {
    if (into === null) shelf.dropAlias(record);
    else shelf.saveAlias(record, into);
  }
  const deleted = Object.keys(page.deleted);
  for (const record of [...put, ...deleted, ...page.left]) {
    for (const entry of shelf.pending(record)) {
      if (entry.state === "arriving") shelf.saveEntry({ ...entry, state: "acknowledged" });
    }
  }
  for (const block of page.put) {
    if (block.type === "notice") settleKept(shelf, block);
  }
  bury(shelf, [...deleted, ...page.redacted]);
}

/** At the end of all pages: what is shown is what the server has. */
function tidy(shelf: Shelf, waiting: number): void {
  if (waiting === 0) {
    for (const feed of shelf.feeds()) {
      if (!feed.evicted) continue;
      shelf.leave(feed.name, shelf.members(feed.name));
      shelf.dropFeed(feed.name);
    }
  }
  const isBusy = (record: string) => shelf.pending(record).some((one) => one.state === "waiting");
  shelf.dropRows(shelf.homeless().filter((record) => !isBusy(record)));
  for (const entry of shelf.inState("arriving")) shelf.saveEntry({ ...entry, state: "acknowledged" });
  for (const record of shelf.unseen()) {
    const stored = shelf.row(record) as Stored;
    shelf.saveRow({ ...stored, seen: headOf(stored) });
  }
}

/** From the first time that every feed has come whole, this tablet is ready to go offline. */
function markReady(shelf: Shelf, nowMs: number): void {
  const feeds = shelf.feeds().filter((feed) => !feed.evicted);
  const whole = feeds.length > 0 && feeds.every((feed) => feed.cursor !== null && !feed.resetting);
  if (whole && shelf.meta("ready_ms") === null) shelf.setMeta("ready_ms", nowMs);
}

// Feeds -------------------------------------------------------------------------------------

/**
 * Begin and end feeds; answers those whose whole set will come, new ones and reset ones.
 * Their old cursors stay until the first page: they show which grants were held.
 */
function setFeeds(shelf: Shelf, hello: Hello, reads: readonly string[]): Set<string> {
  const known = shelf.feeds();
  const whole = new Set<string>();
  for (const name of reads) {
    const feed = shelf.feed(name) ?? newFeed(name);
    if (hello.reset.includes(name) || feed.cursor === null) whole.add(name);
    shelf.saveFeed({ ...feed, evicted: false, resetting: feed.resetting || whole.has(name) });
  }
  for (const feed of known) {
    // A feed without a cursor was not named in the checkpoint, so nobody says that it ended.
    const ended = feed.cursor === null && !reads.includes(feed.name);
    if (ended || hello.evicted.includes(feed.name)) shelf.saveFeed({ ...feed, evicted: true });
  }
  // All that is read comes anew, and with it what stands for what.
  if (whole.size === reads.length) for (const record of shelf.aliases()) shelf.dropAlias(record);
  return whole;
}

/** How many records the feeds that are read will have, for a progress bar. */
function noteExpected(shelf: Shelf, hello: Hello, reads: readonly string[]): void {
  const known = { ...(shelf.meta("expect") as { [feed: string]: number } | null), ...hello.expect };
  const read = Object.entries(known).filter(([feed]) => reads.includes(feed));
  if (read.length > 0) shelf.setMeta("expect", Object.fromEntries(read));
}

function newFeed(name: string): FeedRow {
  return { name, cursor: null, round: 0, resetting: false, evicted: false, live: 0, sum: 0 };
}

/** The server came back from a backup: it gets back what it may have lost. */
function requeue(shelf: Shelf): void {
  for (const entry of shelf.inState("acknowledged", "arriving", "held", "rejected")) {
    if (isRedacted(entry.body)) continue;
    // That it was answered once stays known.
    shelf.saveEntry({ ...entry, state: "waiting", answer: null });
  }
}

/** The whole set has come: who was neither in it nor acknowledged since is no member. */
function endReset(shelf: Shelf, feed: FeedRow): void {
  const gone = shelf.members(feed.name, feed.round);
  counted(shelf, gone, () => shelf.leave(feed.name, gone));
  shelf.saveFeed({ ...(shelf.feed(feed.name) as FeedRow), resetting: false });
}

/** After an ack, a record is in the feeds that it told, and in no other that is read. */
function place(shelf: Shelf, record: string, feeds: readonly string[]): void {
  for (const name of feeds) {
    const feed = shelf.feed(name);
    if (feed !== null) shelf.join(name, [record], feed.round);
  }
  for (const name of shelf.feedsOf(record)) {
    if (!feeds.includes(name) && !shelf.feed(name)?.evicted) shelf.leave(name, [record]);
  }
}

// Operations --------------------------------------------------------------------------------

function answered(entry: Entry, ack: Ack, hello: Hello): Entry {
  let state = STATES[ack.outcome] as State;
  if (ack.repeated && state === "acknowledged" && hello.feeds !== null) state = "arriving";
  const answer: Answer = {
    outcome: ack.outcome,
    ...(ack.conflict === null ? {} : { conflict: ack.conflict }),
    ...(ack.needs === null ? {} : { needs: ack.needs }),
    ...(ack.problem === null ? {} : { problem: ack.problem }),
  };
  const told = { ...entry, state, answer, answeredMs: hello.now };
  // Nothing of it is to be kept here either.
  if (ack.problem?.code === "redacted") return blanked(told, Object.keys(fieldsOf(entry.body)));
  return told;
}

/** The base row after an operation, by itself or by what the ack told; null if not known. */
function afterAck(base: Record | null, entry: Entry, ack: Ack, spec: RecordType): Record | null {
  const raw = entry.body;
  const computed = ack.outcome === "applied" || (base === null && raw.kind === "create");
  const record = computed ? fold(base, [raw], spec) : base;
  if (record === null) return null;
  const versions = ack.versions ?? {};
  for (const [name, value] of Object.entries(ack.fields ?? {})) {
    const version = versions[name];
    if (version === undefined) continue;
    record.put(name, asTold(spec.byName.get(name), record.get(name), value), version);
  }
  if (ack.head !== null) record.head = ack.head;
  // Somebody had deleted it before.
  if (raw.kind === "delete" && ack.outcome === "merged") record.deleted = true;
  return record;
}

/** A notice about a kept operation settles it, unless it says that it still waits. */
function settleKept(shelf: Shelf, { keys, rows }: Block): void {
  const [about, outcome] = [keys.indexOf("about"), keys.indexOf("outcome")];
  if (about < 0 || outcome < 0) return;
  const told = new Map(rows.map((row) => [row[about], row[outcome]]));
  const records = new Set<string>();
  for (const [stamp, became] of told) {
    const entry = typeof stamp === "string" ? shelf.entry(stamp) : null;
    if (entry === null || became === "held") continue;
    if (entry.state !== "held" && entry.state !== "rejected") continue;
    const answer = { ...entry.answer, outcome: String(became) };
    shelf.saveEntry({ ...entry, state: "acknowledged", answer });
    records.add(entry.record);
  }
  bury(shelf, records);
}

function withHead(row: Row, head: string): Json[] {
  return [row[0] as Json, head, ...row.slice(2)];
}

// Time --------------------------------------------------------------------------------------

/**
 * Server minus device, in ms. It lies between two bounds: as if one way took no time at all.
 *
 * What is known may stand just outside, being a little off itself: it moves to the nearest
 * bound, for the middle of an answer that took minutes would be minutes off. From further away
 * than half the distance of the bounds the middle is nearer: the clock was moved. So a known one
 * never gets further from the truth than it was.
 */
export function offset(
  serverMs: number, sentMs: number, nowMs: number, known: number | null,
): number {
  const [lowest, highest] = [serverMs - nowMs, serverMs - sentMs];
  const middle = Math.floor((lowest + highest) / 2);
  if (known === null) return middle;
  const nearest = Math.min(Math.max(known, lowest), highest);
  const isNear = known === nearest || 2 * Math.abs(known - nearest) < highest - lowest;
  return isNear ? nearest : middle;
}
