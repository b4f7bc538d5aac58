/**
 * The replica's storage: what the logic of a replica asks of the place that keeps its copy.
 *
 * A tablet loses power in the middle of anything, so whatever must be true together is
 * written together. A browser's database cannot be asked in the middle of a computation
 * without giving the transaction up; so everything is held in memory, a block computes with
 * that, and what it changed is written in one transaction before anybody sees it.
 *
 * What a storage keeps true
 *   * `write` is atomic: all of the block is kept, or, after an exception, nothing.
 *   * What a `write` ended with is on the disk when its promise resolves.
 *   * A block may be run again (another tab wrote meanwhile): it changes nothing but the shelf.
 *   * What is read is never changed afterwards.
 */
import type { Row } from "./record";
import type { Fields, FormDraft, Json, Work, WorkState } from "./types";

export type State = WorkState;

/** The states in which an operation is laid over the base. */
export const PENDING: readonly State[] = ["waiting", "arriving", "held", "rejected"];

/**
 * One base row as it came; `keys` name its members. `seen` is the head that the worker has
 * seen: it stays behind the row's head from an ack until the end of the exchange, because
 * others' changes may be on their way.
 */
export interface Stored {
  readonly record: string;
  readonly type: string;
  readonly keys: readonly string[];
  readonly row: Row;
  readonly deleted: boolean;
  readonly seen: string;
}

/** The operation that changed a row last. */
export function headOf(stored: Stored): string {
  return stored.row[1] as string;
}

/**
 * What a replica knows of one of its feeds. `cursor` is null until the first page. `round`
 * counts the resets; while `resetting`, members of earlier rounds are candidates to be
 * dropped. `evicted`: read no longer, and named until the outbox is handed in. `live` and
 * `sum` are the digest of the base.
 */
export interface FeedRow {
  readonly name: string;
  readonly cursor: string | null;
  readonly round: number;
  readonly resetting: boolean;
  readonly evicted: boolean;
  readonly live: number;
  readonly sum: number;
}

/** An operation in the contract's form, as it is sent. */
export interface Raw {
  readonly [member: string]: Json;
  readonly stamp: string;
  readonly type: string;
  readonly record: string;
  readonly kind: Work["kind"];
  readonly actor: string;
  readonly at: number;
  readonly offset_ms: number | null;
}

/** The ack of an operation: `outcome`, and what it had of `conflict`, `needs`, `problem`. */
export interface Answer {
  readonly outcome: string;
  readonly conflict?: string;
  readonly needs?: string;
  readonly problem?: Fields;
}

/** One own operation: as sent, what became of it, what was shown before it. */
export interface Entry {
  readonly stamp: string;
  readonly record: string;
  readonly state: State;
  readonly body: Raw;
  readonly answer: Answer | null;
  /** The server's time of the ack, ms. */
  readonly answeredMs: number | null;
  readonly was: Fields;
  readonly sent: boolean;
}

/** A new entry of the outbox. */
export function waitingEntry(body: Raw, was: Fields = {}): Entry {
  const { stamp, record } = body;
  return { stamp, record, state: "waiting", body, answer: null, answeredMs: null, was, sent: false };
}

/**
 * One photo on its way to the server for one record. `address`: where the server takes it, once
 * it was asked; `offset`: bytes that it is known to have. `problem`: why it did not come off last.
 */
export interface Upload {
  readonly record: string;
  readonly state: "waiting" | "refused" | "done";
  readonly address: string | null;
  readonly offset: number;
  readonly problem: { readonly code: string; readonly told: string | null } | null;
  /** When the server confirmed the last byte, by this clock; of what an older app sent it is not known. */
  readonly doneMs?: number;
}

/**
 * What is known of a photo that was taken here. `type`: of the records that it was taken for;
 * `whole`: its bytes are here, not a thumb alone. Without uploads it is part of a form draft,
 * or of nothing any more. `erased`: somebody had the field erased; its bytes must go.
 */
export interface PhotoRow {
  readonly digest: string;
  readonly type: string | null;
  readonly bytes: number;
  readonly takenMs: number;
  readonly whole: boolean;
  readonly uploads: readonly Upload[];
  readonly erased?: true;
}

/** What can be read and, in a `write` block, changed. */
export interface Shelf {
  meta(key: string): Json;
  setMeta(key: string, value: Json): void;

  /** Every feed known, in the order of the names. */
  feeds(): readonly FeedRow[];
  feed(name: string): FeedRow | null;
  saveFeed(feed: FeedRow): void;
  dropFeed(name: string): void;
  /** The feeds that a record is a member of. */
  feedsOf(record: string): readonly string[];
  /** The members of a feed in order, or those that last joined before a round. */
  members(feed: string, beforeRound?: number): string[];
  join(feed: string, records: Iterable<string>, round: number): void;
  leave(feed: string, records: Iterable<string>): void;
  /** The records that left their last feed and have joined none since. */
  homeless(): string[];

  row(record: string): Stored | null;
  /** The head of a row that is not deleted; null for one that is, or is not here. */
  head(record: string): string | null;
  /** How many base rows there are, deleted ones too. */
  rowCount(): number;
  /** The records of one type that have a base row, deleted ones too, in order. */
  records(type: string): string[];
  /** The records whose `seen` is behind the row's head. */
  unseen(): string[];
  saveRow(row: Stored): void;
  dropRows(records: Iterable<string>): void;

  saveEntry(entry: Entry): void;
  dropEntries(stamps: Iterable<string>): void;
  entry(stamp: string): Entry | null;
  /** Every own operation about a record, in order of their stamps. */
  entriesOf(record: string): readonly Entry[];
  /** Operations about a record in a state of `PENDING`, in order of their stamps. */
  pending(record: string): readonly Entry[];
  /** The records of one type with an operation in a state of `PENDING`, in order. */
  pendingRecords(type: string): string[];
  /** Operations in any of the states, in order of their stamps. */
  inState(...states: State[]): Entry[];
  count(state: State): number;
  /** Forget acknowledged operations answered before then. */
  forget(beforeMs: number): void;

  /** The record that stands for another that was merged into it; null for others. */
  alias(record: string): string | null;
  /** Every record that another one stands for. */
  aliases(): string[];
  saveAlias(record: string, into: string): void;
  dropAlias(record: string): void;

  drafts(): readonly FormDraft[];
  saveDraft(draft: FormDraft): void;
  dropDraft(key: string): void;

  /** Photos that were taken here, oldest first. */
  photos(): readonly PhotoRow[];
  photo(digest: string): PhotoRow | null;
  savePhoto(photo: PhotoRow): void;
  dropPhoto(digest: string): void;
}

/** Opens blocks. */
export interface ReplicaStorage {
  readonly shelf: Omit<Shelf, `save${string}` | `drop${string}` | "setMeta" | "join" | "leave" | "forget">;
  write<T>(by: "mine" | "server", block: (shelf: Shelf) => T): Promise<T>;
}
