/**
 * A replica's storage in memory, in front of a disk.
 *
 * Everything that a replica keeps is here, so that a screen can read without waiting and a
 * block can compute without giving a transaction up. Every change notes what it replaced.
 * When a block has ended, its changes are taken back; they are made again once the disk has
 * them. So nobody ever reads what could still be lost.
 *
 * Invariants
 *   * Between two blocks, memory is what the disk has at `revision`, the outbox of other tabs
 *     apart until they are told of.
 *   * Blocks run one after the other. A block that another tab overtook is run again over
 *     what that tab wrote.
 */
import { Refused } from "./problems";
import type { FormDraft, Json } from "./types";
import { same } from "./values";
import {
  headOf,
  PENDING,
  type Entry,
  type FeedRow,
  type PhotoRow,
  type ReplicaStorage,
  type Shelf,
  type State,
  type Stored,
} from "./replica_storage";

/** A base row and the feeds that it is in, each with the round in which it joined last. */
export interface Kept {
  readonly stored: Stored;
  readonly feeds: ReadonlyMap<string, number>;
  readonly homeless: boolean;
}

/** What is kept, table by table. */
export interface Tables {
  readonly meta: Map<string, Json>;
  readonly feed: Map<string, FeedRow>;
  readonly base: Map<string, Kept>;
  readonly operation: Map<string, Entry>;
  readonly alias: Map<string, string>;
  readonly draft: Map<string, FormDraft>;
  readonly photo: Map<string, PhotoRow>;
}

export type TableName = keyof Tables;
type Values = { [Name in TableName]: Tables[Name] extends Map<string, infer Value> ? Value : never };
export type AnyValue = Values[TableName];

/** Table → key → what is to be kept under it; undefined: nothing any more. */
export type Changes = ReadonlyMap<TableName, ReadonlyMap<string, AnyValue | undefined>>;

/** One commit, as listeners and other tabs are told of it. */
export interface Commit {
  readonly by: "mine" | "server";
  /** Records whose view may have changed. */
  readonly records: readonly string[];
  /** True: everything was read anew. */
  readonly whole: boolean;
  readonly drafts: boolean;
}

/** What another tab wrote: its changes, and what to tell of them. */
export interface News {
  readonly revision: number;
  readonly changes: Changes;
  readonly commit: Commit;
}

/** Where memory is kept. */
export interface Disk {
  /**
   * Keep changes in one transaction, as the revision after `revision`. Answers false, having
   * kept nothing, if the disk is at another revision. Rejects if the disk cannot.
   */
  commit(revision: number, changes: Changes, told: Commit): Promise<boolean>;
  /** What was written after `revision`, or everything. */
  news(revision: number): Promise<News>;
  /** Write all rows anew, as the next revision, if that is worth it now; whether it was done. */
  tidy(revision: number, base: ReadonlyMap<string, Kept>): Promise<boolean>;
}

/** A disk that keeps nothing, for tests and for looking at vectors. */
export const NO_DISK: Disk = {
  commit: () => Promise.resolve(true),
  tidy: () => Promise.resolve(false),
  news: (revision) => Promise.resolve({
    revision, changes: new Map(), commit: { by: "mine", records: [], whole: false, drafts: false },
  }),
};

export class MemoryStorage implements ReplicaStorage {
  readonly shelf: Shelf;
  private readonly kept = new MemoryShelf();
  private readonly listeners = new Set<(commit: Commit, isOwn: boolean) => void>();
  private turn: Promise<unknown> = Promise.resolve();
  private ended = false;

  constructor(private readonly disk: Disk, public revision = 0) {
    this.shelf = this.kept;
  }

  /** Read everything that the disk has. */
  async load(): Promise<void> {
    await this.inTurn(() => this.catchUp(-1));
  }

  write<T>(by: "mine" | "server", block: (shelf: Shelf) => T): Promise<T> {
    return this.inTurn(async () => {
      for (;;) {
        const { value, changes } = this.kept.rehearse(block);
        if (changes.size === 0) return value;
        const told = this.kept.told(by, changes);
        if (await this.disk.commit(this.revision, changes, told)) {
          this.revision += 1;
          this.kept.apply(changes);
          this.tell(told, true);
          return value;
        }
        await this.catchUp(this.revision);
      }
    });
  }

  /** Take in what other tabs wrote. */
  follow(): Promise<void> {
    return this.inTurn(() => this.catchUp(this.revision));
  }

  /** Put the disk in order, when nothing else is to be done. What is kept stays the same. */
  tidy(): Promise<void> {
    return this.inTurn(async () => {
      if (await this.disk.tidy(this.revision, this.kept.rows())) this.revision += 1;
    });
  }

  /** `isOwn`: made by this tab; else another's, or read from the disk. */
  onCommit(listener: (commit: Commit, isOwn: boolean) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Wait for what is being written; what comes after is refused. */
  async end(): Promise<void> {
    this.ended = true;
    await this.turn;
  }

  get isEnded(): boolean {
    return this.ended;
  }

  private inTurn<T>(act: () => Promise<T>): Promise<T> {
    if (this.ended) return Promise.reject(new Refused("closed"));
    const done = this.turn.then(act);
    this.turn = done.catch(() => undefined);
    return done;
  }

  private async catchUp(revision: number): Promise<void> {
    const news = await this.disk.news(revision);
    if (news.commit.whole) this.kept.clear();
    else if (news.revision === this.revision) return;
    this.revision = news.revision;
    this.kept.apply(news.changes);
    this.tell(news.commit, false);
  }

  private tell(commit: Commit, isOwn: boolean): void {
    for (const listener of [...this.listeners]) listener(commit, isOwn);
  }
}

/** The tables and what follows from them. Every change passes `put`. */
class MemoryShelf implements Shelf {
  private readonly tables: Tables = {
    meta: new Map(), feed: new Map(), base: new Map(),
    operation: new Map(), alias: new Map(), draft: new Map(), photo: new Map(),
  };
  private readonly membersOf = new Map<string, Set<string>>();
  private readonly typeOf = new Map<string, Set<string>>();
  private readonly pendingOf = new Map<string, readonly string[]>();
  private readonly entriesAbout = new Map<string, Set<string>>();
  private readonly stateOf = new Map<State, Set<string>>();
  private readonly behind = new Set<string>();
  private readonly homelessOnes = new Set<string>();
  private before: Map<TableName, Map<string, AnyValue | undefined>> | null = null;

  // Blocks

  /** What a block would change. It is changed back before this answers. */
  rehearse<T>(block: (shelf: Shelf) => T): { value: T; changes: Changes } {
    const before = new Map<TableName, Map<string, AnyValue | undefined>>();
    this.before = before;
    try {
      const value = block(this);
      return { value, changes: this.present(before) };
    } finally {
      this.before = null;
      this.apply(before);
    }
  }

  apply(changes: Changes): void {
    for (const [table, rows] of changes) {
      for (const [key, value] of rows) this.put(table, key, value as never);
    }
  }

  rows(): ReadonlyMap<string, Kept> {
    return this.tables.base;
  }

  clear(): void {
    for (const table of Object.values(this.tables)) table.clear();
    const derived = [this.membersOf, this.typeOf, this.pendingOf, this.entriesAbout, this.stateOf];
    for (const one of [...derived, this.behind, this.homelessOnes]) one.clear();
  }

  /** What is to be told of changes, before they are made. */
  told(by: "mine" | "server", changes: Changes): Commit {
    const records = new Set<string>([
      ...(changes.get("base")?.keys() ?? []), ...(changes.get("alias")?.keys() ?? []),
    ]);
    for (const [stamp, entry] of changes.get("operation") ?? []) {
      const known = (entry as Entry | undefined) ?? this.tables.operation.get(stamp);
      if (known !== undefined) records.add(known.record);
    }
    return { by, records: [...records], whole: false, drafts: changes.has("draft") };
  }

  private present(before: Changes): Changes {
    const changes = new Map<TableName, Map<string, AnyValue | undefined>>();
    for (const [table, rows] of before) {
      const now = new Map<string, AnyValue | undefined>();
      for (const [key, old] of rows) {
        const value = this.tables[table].get(key);
        if (!isSame(table, value, old)) now.set(key, value);
      }
      if (now.size > 0) changes.set(table, now);
    }
    return changes;
  }

  private put<Name extends TableName>(name: Name, key: string, value: Values[Name] | undefined): void {
    const table = this.tables[name] as Map<string, Values[Name]>;
    const old = table.get(key);
    if (this.before !== null) {
      const rows = this.before.get(name) ?? new Map<string, AnyValue | undefined>();
      this.before.set(name, rows);
      if (!rows.has(key)) rows.set(key, old);
    }
    if (value === undefined) table.delete(key);
    else table.set(key, value);
    if (name === "base") this.baseChanged(key, old as Kept | undefined, value as Kept | undefined);
    if (name === "operation") {
      this.operationChanged(key, old as Entry | undefined, value as Entry | undefined);
    }
  }

  private baseChanged(record: string, old: Kept | undefined, now: Kept | undefined): void {
    for (const feed of old?.feeds.keys() ?? []) {
      if (!now?.feeds.has(feed)) this.membersOf.get(feed)?.delete(record);
    }
    for (const feed of now?.feeds.keys() ?? []) within(this.membersOf, feed).add(record);
    if (old !== undefined && old.stored.type !== now?.stored.type) {
      this.typeOf.get(old.stored.type)?.delete(record);
    }
    if (now !== undefined) within(this.typeOf, now.stored.type).add(record);
    toggle(this.behind, record, now !== undefined && now.stored.seen !== headOf(now.stored));
    toggle(this.homelessOnes, record, now?.homeless === true);
  }

  private operationChanged(stamp: string, old: Entry | undefined, now: Entry | undefined): void {
    if (old !== undefined) {
      this.stateOf.get(old.state)?.delete(stamp);
      this.entriesAbout.get(old.record)?.delete(stamp);
      const left = (this.pendingOf.get(old.record) ?? []).filter((one) => one !== stamp);
      if (left.length > 0) this.pendingOf.set(old.record, left);
      else this.pendingOf.delete(old.record);
    }
    if (now === undefined) return;
    within(this.stateOf, now.state).add(stamp);
    within(this.entriesAbout, now.record).add(stamp);
    if (PENDING.includes(now.state)) {
      this.pendingOf.set(now.record, [...(this.pendingOf.get(now.record) ?? []), stamp].sort());
    }
  }

  // Single values

  meta(key: string): Json {
    return this.tables.meta.get(key) ?? null;
  }

  setMeta(key: string, value: Json): void {
    this.put("meta", key, value);
  }

  // Feeds

  feeds(): readonly FeedRow[] {
    return [...this.tables.feed.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  feed(name: string): FeedRow | null {
    return this.tables.feed.get(name) ?? null;
  }

  saveFeed(feed: FeedRow): void {
    this.put("feed", feed.name, feed);
  }

  dropFeed(name: string): void {
    this.put("feed", name, undefined);
  }

  feedsOf(record: string): readonly string[] {
    return [...(this.tables.base.get(record)?.feeds.keys() ?? [])];
  }

  members(feed: string, beforeRound = Infinity): string[] {
    const all = [...(this.membersOf.get(feed) ?? [])].sort();
    if (beforeRound === Infinity) return all;
    return all.filter((one) => (this.tables.base.get(one)?.feeds.get(feed) ?? 0) < beforeRound);
  }

  join(feed: string, records: Iterable<string>, round: number): void {
    for (const record of records) {
      const kept = this.tables.base.get(record);
      if (kept === undefined) continue;
      const feeds = new Map(kept.feeds).set(feed, round);
      this.put("base", record, { ...kept, feeds, homeless: false });
    }
  }

  leave(feed: string, records: Iterable<string>): void {
    for (const record of records) {
      const kept = this.tables.base.get(record);
      if (!kept?.feeds.has(feed)) continue;
      const feeds = new Map(kept.feeds);
      feeds.delete(feed);
      this.put("base", record, { ...kept, feeds, homeless: feeds.size === 0 });
    }
  }

  homeless(): string[] {
    return [...this.homelessOnes].sort();
  }

  // Base rows

  row(record: string): Stored | null {
    return this.tables.base.get(record)?.stored ?? null;
  }

  head(record: string): string | null {
    const stored = this.tables.base.get(record)?.stored;
    return stored === undefined || stored.deleted ? null : headOf(stored);
  }

  rowCount(): number {
    return this.tables.base.size;
  }

  records(type: string): string[] {
    return [...(this.typeOf.get(type) ?? [])].sort();
  }

  unseen(): string[] {
    return [...this.behind].sort();
  }

  saveRow(stored: Stored): void {
    const known = this.tables.base.get(stored.record);
    const [feeds, homeless] = [known?.feeds ?? new Map<string, number>(), known?.homeless ?? false];
    this.put("base", stored.record, { stored, feeds, homeless });
  }

  dropRows(records: Iterable<string>): void {
    for (const record of records) this.put("base", record, undefined);
  }

  // Own operations

  saveEntry(entry: Entry): void {
    this.put("operation", entry.stamp, entry);
  }

  dropEntries(stamps: Iterable<string>): void {
    for (const stamp of stamps) this.put("operation", stamp, undefined);
  }

  entry(stamp: string): Entry | null {
    return this.tables.operation.get(stamp) ?? null;
  }

  entriesOf(record: string): readonly Entry[] {
    return this.entriesAt(this.entriesAbout.get(record) ?? []);
  }

  pending(record: string): readonly Entry[] {
    const stamps = this.pendingOf.get(record);
    return stamps === undefined ? [] : stamps.map((one) => this.tables.operation.get(one) as Entry);
  }

  pendingRecords(type: string): string[] {
    const found = [...this.pendingOf.keys()].filter((one) => this.pending(one)[0]?.body.type === type);
    return found.sort();
  }

  inState(...states: State[]): Entry[] {
    return this.entriesAt(states.flatMap((state) => [...(this.stateOf.get(state) ?? [])]));
  }

  private entriesAt(stamps: Iterable<string>): Entry[] {
    return [...stamps].sort().map((stamp) => this.tables.operation.get(stamp) as Entry);
  }

  count(state: State): number {
    return this.stateOf.get(state)?.size ?? 0;
  }

  forget(beforeMs: number): void {
    const old = this.inState("acknowledged").filter((one) => (one.answeredMs ?? 0) < beforeMs);
    this.dropEntries(old.map((one) => one.stamp));
  }

  // Aliases

  alias(record: string): string | null {
    return this.tables.alias.get(record) ?? null;
  }

  aliases(): string[] {
    return [...this.tables.alias.keys()];
  }

  saveAlias(record: string, into: string): void {
    this.put("alias", record, into);
  }

  dropAlias(record: string): void {
    this.put("alias", record, undefined);
  }

  // Form drafts

  drafts(): readonly FormDraft[] {
    return [...this.tables.draft.values()];
  }

  saveDraft(draft: FormDraft): void {
    this.put("draft", draft.key, draft);
  }

  dropDraft(key: string): void {
    this.put("draft", key, undefined);
  }

  // Photos

  photos(): readonly PhotoRow[] {
    return [...this.tables.photo.values()].sort((one, other) => one.takenMs - other.takenMs);
  }

  photo(digest: string): PhotoRow | null {
    return this.tables.photo.get(digest) ?? null;
  }

  savePhoto(photo: PhotoRow): void {
    this.put("photo", photo.digest, photo);
  }

  dropPhoto(digest: string): void {
    this.put("photo", digest, undefined);
  }
}

/** Small values that are often written as they were cost no transaction. */
function isSame(table: TableName, one: unknown, other: unknown): boolean {
  return one === other || ((table === "meta" || table === "feed") && same(one, other));
}

function within<Key>(sets: Map<Key, Set<string>>, key: Key): Set<string> {
  const known = sets.get(key);
  if (known !== undefined) return known;
  const made = new Set<string>();
  sets.set(key, made);
  return made;
}

function toggle(set: Set<string>, member: string, isIn: boolean): void {
  if (isIn) set.add(member);
  else set.delete(member);
}
