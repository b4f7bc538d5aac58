/**
 * A replica's disk: one IndexedDB database for each profile.
 *
 * What a block of `replica_memory.ts` changed is written in one transaction, if nobody else
 * has written since it was computed. A journal of the last commits lets another tab follow
 * without reading everything. How base rows lie on the disk is `base_rows.ts`, photos `pictures.ts`.
 *
 * Invariants
 *   * `revision` in the database counts its commits; a commit that was computed over another
 *     revision writes nothing.
 *   * Records of restricted types, and operations and form drafts about them, are sealed
 *     before the transaction begins. A type that is not known is sealed as well.
 *   * A database of any released version opens, with everything that waits in it.
 */
import { BaseRows, ROW_STORES, type Prepared } from "./base_rows";
import { deleteDatabase, openDatabase, read, result, whenGone, write, type Migrations } from "./database";
import { Pictures } from "./pictures";
import type { AnyValue, Changes, Commit, Disk, Kept, News, TableName } from "./replica_memory";
import type { Entry } from "./replica_storage";
import { newKey, seal, signWith, unseal, type Sealed } from "./sealing";
import type { FormDraft } from "./types";
import type { Sign } from "./unsent";

/** The tables that lie on the disk as they are in memory, a value under each key. */
const PLAIN: readonly TableName[] = ["meta", "feed", "operation", "alias", "draft", "photo"];
const STORES = [...PLAIN, ...ROW_STORES, "journal", "key"];
/** Commits that a tab can follow one by one. */
const JOURNAL_MAX = 64;
const REVISION = "revision";
const [SEALING, SIGNING] = ["sealing", "signing"];

/** Each version once released stays as it is; the next one changes what it left. */
export const MIGRATIONS: Migrations = [
  (database) => {
    const stores = ["meta", "feed", "operation", "alias", "draft", "base", "chunk", "layout", "journal", "key"];
    for (const store of stores) database.createObjectStore(store);
  },
  // Photos: what is known of them, and their bytes.
  (database) => {
    for (const store of ["photo", "picture", "thumb"]) database.createObjectStore(store);
  },
];

/** An operation or a form draft that had to be sealed. */
type Hidden = { readonly type: string | null; readonly sealed: Sealed };

interface JournalRow {
  readonly revision: number;
  readonly keys: readonly (readonly [TableName, readonly string[]])[];
  /** Base rows of this revision that lie in chunks, and those that do not. */
  readonly chunks: number;
  readonly records: readonly string[];
  readonly commit: Commit;
}

type PlainRow = readonly [TableName, string, unknown];

export function databaseName(profile: string): string {
  return `yuanba-${profile}`;
}

export class IndexedDbDisk implements Disk {
  readonly pictures: Pictures;
  private readonly rows: BaseRows;

  private constructor(
    private readonly database: IDBDatabase,
    private readonly key: CryptoKey,
    private readonly isRestricted: (type: string | null) => boolean,
  ) {
    this.rows = new BaseRows(key, isRestricted);
    this.pictures = new Pictures(database, key, isRestricted);
  }

  /** `isRestricted`: whether records of a type are sealed; of null, what is about no type. */
  static async open(
    factory: IDBFactory, profile: string, isRestricted: (type: string | null) => boolean,
  ): Promise<IndexedDbDisk> {
    const database = await openDatabase(factory, databaseName(profile), MIGRATIONS);
    try {
      return new IndexedDbDisk(database, await keyOf(database), isRestricted);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  close(): void {
    this.database.close();
  }

  /** Called when everything here is deleted by somebody else. */
  whenGone(act: () => void): void {
    whenGone(this.database, act);
  }

  /** Keep the key that this device enrolled with; null: it has none. */
  async keepSigningKey(pair: CryptoKeyPair | null): Promise<void> {
    await write(this.database, ["key"], (transaction) => {
      transaction.objectStore("key").put(pair, SIGNING);
    });
  }

  /** Signs for this device, or null if it cannot. */
  async signer(): Promise<Sign | null> {
    const pair = await read(this.database, ["key"], (transaction) => (
      result(transaction.objectStore("key").get(SIGNING))
    )) as CryptoKeyPair | null | undefined;
    return pair ? signWith(pair) : null;
  }

  // Writing ---------------------------------------------------------------------------------

  async commit(revision: number, changes: Changes, told: Commit): Promise<boolean> {
    const next = revision + 1;
    const base = (changes.get("base") ?? new Map()) as ReadonlyMap<string, Kept | undefined>;
    const plain = await this.plain(changes);
    const prepared = await this.rows.prepare(base, next);
    const journal: JournalRow = {
      revision: next,
      keys: [...changes].filter(([table]) => table !== "base").map(([table, some]) => [table, [...some.keys()]]),
      chunks: prepared.chunks.length,
      records: prepared.singles.map(([record]) => record),
      commit: told,
    };
    const kept = await this.put(revision, journal, prepared, (transaction) => {
      for (const [table, key, value] of plain) {
        if (value === undefined) transaction.objectStore(table).delete(key);
        else transaction.objectStore(table).put(value, key);
      }
    });
    if (kept) this.rows.written(prepared, base.size);
    return kept;
  }

  async tidy(revision: number, base: ReadonlyMap<string, Kept>): Promise<boolean> {
    if (!this.rows.isUntidy(base.size)) return false;
    const prepared = await this.rows.prepare(base, revision + 1, true);
    const commit: Commit = { by: "mine", records: [], whole: true, drafts: false };
    const journal = { revision: revision + 1, keys: [], chunks: prepared.chunks.length, records: [], commit };
    const kept = await this.put(revision, journal, prepared, (transaction) => {
      transaction.objectStore("base").clear();
      transaction.objectStore("chunk").clear();
    });
    if (kept) this.rows.tidied(prepared);
    return kept;
  }

  /** One transaction, if the disk is at `revision`. */
  private async put(
    revision: number, journal: JournalRow, prepared: Prepared, act: (transaction: IDBTransaction) => void,
  ): Promise<boolean> {
    const next = revision + 1;
    const stores = [...PLAIN, ...ROW_STORES, "journal"];
    try {
      const kept = await write(this.database, stores, async (transaction) => {
        const store = (name: string) => transaction.objectStore(name);
        const present = ((await result(store("meta").get(REVISION))) ?? 0) as number;
        if (present !== revision) return false;
        act(transaction);
        this.rows.put(transaction, prepared, next);
        store("journal").put(journal, next);
        store("journal").delete(next - JOURNAL_MAX);
        store("meta").put(next, REVISION);
        return true;
      });
      if (!kept) this.rows.notWritten(prepared);
      return kept;
    } catch (error) {
      this.rows.notWritten(prepared);
      throw error;
    }
  }

  private async plain(changes: Changes): Promise<PlainRow[]> {
    const rows: PlainRow[] = [];
    for (const [table, some] of changes) {
      for (const [key, value] of table === "base" ? [] : some) {
        rows.push([table, key, value === undefined ? undefined : await this.toDisk(table, key, value)]);
      }
    }
    return rows;
  }

  private async toDisk(table: TableName, key: string, value: AnyValue): Promise<unknown> {
    const type = table === "operation" ? (value as Entry).body.type
      : table === "draft" ? (value as FormDraft).type : null;
    if (!this.isRestricted(type)) return value;
    const hidden: Hidden = { type, sealed: await seal(this.key, `${table} ${key}`, value) };
    return hidden;
  }

  // Reading ---------------------------------------------------------------------------------

  async news(revision: number): Promise<News> {
    const found = await read(this.database, STORES, async (transaction) => {
      const present = ((await result(transaction.objectStore("meta").get(REVISION))) ?? 0) as number;
      if (present === revision) return null;
      const journal = revision < 0 || present - revision > JOURNAL_MAX ? null
        : await journalOf(transaction.objectStore("journal"), revision + 1, present);
      const whole = journal === null || journal.some((row) => row.commit.whole);
      const [plain, rows] = await Promise.all(whole
        ? [everyPlain(transaction), this.rows.everything(transaction)]
        : [somePlain(transaction, journal), this.rows.some(transaction, journal)]);
      return { present, plain, rows, commit: joinedCommits(whole ? null : journal) };
    });
    if (found === null) return { revision, changes: new Map(), commit: joinedCommits([]) };
    const changes = new Map<TableName, Map<string, AnyValue | undefined>>();
    for (const [table, key, value] of found.plain) {
      const rows = changes.get(table) ?? new Map<string, AnyValue | undefined>();
      changes.set(table, rows.set(key, await this.fromDisk(table, key, value)));
    }
    changes.set("base", new Map(await found.rows()));
    return { revision: found.present, changes, commit: found.commit };
  }

  private async fromDisk(table: TableName, key: string, value: unknown): Promise<AnyValue | undefined> {
    const sealed = (table === "operation" || table === "draft") && (value as Partial<Hidden> | undefined)?.sealed;
    if (!sealed) return value as AnyValue | undefined;
    return await unseal(this.key, `${table} ${key}`, sealed) as AnyValue;
  }
}

/** Delete a profile's database: records, outbox, tokens, key. */
export function deleteReplica(factory: IDBFactory, profile: string): Promise<void> {
  return deleteDatabase(factory, databaseName(profile));
}

async function keyOf(database: IDBDatabase): Promise<CryptoKey> {
  const known = await read(database, ["key"], (transaction) => (
    result(transaction.objectStore("key").get(SEALING))
  )) as CryptoKey | undefined;
  if (known !== undefined) return known;
  const made = await newKey();
  return write(database, ["key"], async (transaction) => {
    // Another tab may have been quicker.
    const store = transaction.objectStore("key");
    const other = await result(store.get(SEALING)) as CryptoKey | undefined;
    if (other === undefined) store.put(made, SEALING);
    return other ?? made;
  });
}

/** The commits from one revision to another; null if one of them is not there any more. */
async function journalOf(store: IDBObjectStore, from: number, to: number): Promise<JournalRow[] | null> {
  const asked = Array.from({ length: to - from + 1 }, (_unused, place) => result(store.get(from + place)));
  const rows = await Promise.all(asked) as (JournalRow | undefined)[];
  return rows.every((row): row is JournalRow => row !== undefined) ? rows : null;
}

async function everyPlain(transaction: IDBTransaction): Promise<PlainRow[]> {
  const asked = PLAIN.map(async (table): Promise<PlainRow[]> => {
    const store = transaction.objectStore(table);
    const [keys, values] = await Promise.all([result(store.getAllKeys()), result(store.getAll())]);
    return keys.map((key, place): PlainRow => [table, key as string, values[place] as unknown]);
  });
  const rows = (await Promise.all(asked)).flat();
  return rows.filter(([table, key]) => table !== "meta" || key !== REVISION);
}

async function somePlain(transaction: IDBTransaction, journal: readonly JournalRow[]): Promise<PlainRow[]> {
  const asked = new Map<string, readonly [TableName, string]>();
  for (const [table, keys] of journal.flatMap((row) => row.keys)) {
    for (const key of keys) asked.set(`${table} ${key}`, [table, key]);
  }
  return Promise.all([...asked.values()].map(async ([table, key]): Promise<PlainRow> => (
    [table, key, await result(transaction.objectStore(table).get(key)) as unknown]
  )));
}

function joinedCommits(journal: readonly JournalRow[] | null): Commit {
  if (journal === null) return { by: "mine", records: [], whole: true, drafts: true };
  const commits = journal.map((row) => row.commit);
  return {
    by: commits.some((one) => one.by === "server") ? "server" : "mine",
    records: [...new Set(commits.flatMap((one) => one.records))],
    whole: false,
    drafts: commits.some((one) => one.drafts),
  };
}
