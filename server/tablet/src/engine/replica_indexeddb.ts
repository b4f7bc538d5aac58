/**
 * A replica's disk: one IndexedDB database for each profile.
 *
 * What a block of `replica_memory.ts` changed is written in one transaction, if nobody else
 * has written since it was computed. A journal of the last commits lets another tab follow
 * without reading everything.
 *
 * Invariants
 *   * `revision` in the database counts its commits; a commit of another revision's successor
 *     writes nothing.
 *   * Records of restricted types, and operations and form drafts about them, are sealed
 *     before the transaction begins. A type that is not known is sealed as well.
 *   * A database of any released version opens, with everything that waits in it.
 */
import { deleteDatabase, openDatabase, read, result, write, type Migrations } from "./database";
import { Refused } from "./problems";
import type { Row } from "./record";
import type { AnyValue, Changes, Commit, Disk, Kept, News, TableName } from "./replica_memory";
import type { Entry } from "./replica_storage";
import { newKey, seal, unseal, type Sealed } from "./sealing";
import type { FormDraft } from "./types";

const TABLES: readonly TableName[] = ["meta", "feed", "base", "operation", "alias", "draft"];
const STORES = [...TABLES, "layout", "journal", "key"];
/** Commits that a tab can follow one by one. */
const JOURNAL_MAX = 64;

/** Each version once released stays as it is; the next one changes what it left. */
export const MIGRATIONS: Migrations = [
  (database) => {
    for (const store of STORES) database.createObjectStore(store);
  },
];

/** A base row as it lies on the disk. Its feeds are pairs of a name and a round. */
interface DiskRow {
  readonly type: string;
  readonly layout: number;
  readonly row?: Row;
  readonly sealed?: Sealed;
  readonly deleted: boolean;
  readonly seen: string;
  readonly feeds: readonly (readonly [string, number])[];
  readonly homeless: boolean;
}

/** Anything else that may have to be sealed. */
type Hidden = { readonly type: string | null; readonly sealed: Sealed };

interface JournalRow {
  readonly revision: number;
  readonly keys: readonly (readonly [TableName, readonly string[]])[];
  readonly commit: Commit;
}

export function databaseName(profile: string): string {
  return `yuanba-${profile}`;
}

export class IndexedDbDisk implements Disk {
  private readonly layouts: (readonly string[])[] = [];
  private readonly layoutIds = new Map<string, number>();

  private constructor(
    private readonly database: IDBDatabase,
    private readonly key: CryptoKey,
    private readonly isRestricted: (type: string | null) => boolean,
  ) {}

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

  // Writing ---------------------------------------------------------------------------------

  async commit(revision: number, changes: Changes, told: Commit): Promise<boolean> {
    const before = this.layouts.length;
    const rows = await this.prepared(changes);
    const keys = [...changes].map(([table, some]) => [table, [...some.keys()]] as const);
    const journal: JournalRow = { revision: revision + 1, keys, commit: told };
    const stores = [...changes.keys(), "meta", "layout", "journal"];
    return write(this.database, [...new Set(stores)], async (transaction) => {
      const meta = transaction.objectStore("meta");
      const present = ((await result(meta.get("revision"))) ?? 0) as number;
      if (present !== revision) return false;
      for (const [table, key, value] of rows) {
        const store = transaction.objectStore(table);
        if (value === undefined) store.delete(key);
        else store.put(value, key);
      }
      for (let id = before; id < this.layouts.length; id += 1) {
        transaction.objectStore("layout").put(this.layouts[id], id);
      }
      transaction.objectStore("journal").put(journal, revision + 1);
      transaction.objectStore("journal").delete(revision + 1 - JOURNAL_MAX);
      meta.put(revision + 1, "revision");
      return true;
    }).then((kept) => {
      if (!kept) this.forgetLayouts(before);
      return kept;
    }, (error: unknown) => {
      this.forgetLayouts(before);
      throw error;
    });
  }

  private async prepared(changes: Changes): Promise<[TableName, string, unknown][]> {
    const rows: [TableName, string, unknown][] = [];
    for (const [table, some] of changes) {
      for (const [key, value] of some) {
        rows.push([table, key, value === undefined ? undefined : await this.toDisk(table, key, value)]);
      }
    }
    return rows;
  }

  private toDisk(table: TableName, key: string, value: AnyValue): unknown {
    if (table === "base") return this.rowToDisk(key, value as Kept);
    if (table === "operation") return this.hide(table, key, (value as Entry).body.type, value);
    if (table === "draft") return this.hide(table, key, (value as FormDraft).type, value);
    return value;
  }

  private rowToDisk(record: string, kept: Kept): DiskRow | Promise<DiskRow> {
    const { stored, feeds, homeless } = kept;
    const { type, deleted, seen, row } = stored;
    const plain = { type, layout: this.layoutOf(stored.keys), deleted, seen, feeds: [...feeds], homeless };
    if (!this.isRestricted(type)) return { ...plain, row };
    return seal(this.key, `base ${record}`, row).then((sealed) => ({ ...plain, sealed }));
  }

  private hide(table: TableName, key: string, type: string | null, value: AnyValue): unknown {
    if (!this.isRestricted(type)) return value;
    return seal(this.key, `${table} ${key}`, value).then((sealed): Hidden => ({ type, sealed }));
  }

  /** The number under which a list of keys is kept once. */
  private layoutOf(keys: readonly string[]): number {
    const text = keys.join(" ");
    const known = this.layoutIds.get(text);
    if (known !== undefined) return known;
    this.layoutIds.set(text, this.layouts.length);
    return this.layouts.push(keys) - 1;
  }

  /** What was not written is not there. */
  private forgetLayouts(from: number): void {
    for (const keys of this.layouts.splice(from)) this.layoutIds.delete(keys.join(" "));
  }

  // Reading ---------------------------------------------------------------------------------

  async news(revision: number): Promise<News> {
    const found = await read(this.database, STORES, async (transaction) => {
      const store = (name: string) => transaction.objectStore(name);
      const present = ((await result(store("meta").get("revision"))) ?? 0) as number;
      if (present === revision) return { present, journal: [], rows: [], layouts: null };
      const journal = revision < 0 || present - revision > JOURNAL_MAX ? null
        : await journalOf(store("journal"), revision + 1, present);
      const layouts = await result(store("layout").getAll()) as string[][];
      if (journal === null) return { present, journal, rows: await everything(transaction), layouts };
      return { present, journal, rows: await some(transaction, journal), layouts };
    });
    if (found.layouts !== null) this.learnLayouts(found.layouts);
    const changes = new Map<TableName, Map<string, AnyValue | undefined>>();
    for (const [table, key, value] of found.rows) {
      const rows = changes.get(table) ?? new Map<string, AnyValue | undefined>();
      changes.set(table, rows.set(key, value === undefined ? undefined : await this.fromDisk(table, key, value)));
    }
    return { revision: found.present, changes, commit: joinedCommits(found.journal) };
  }

  private learnLayouts(layouts: readonly (readonly string[])[]): void {
    this.forgetLayouts(0);
    for (const keys of layouts) this.layoutOf(keys);
  }

  private fromDisk(table: TableName, key: string, value: unknown): AnyValue | Promise<AnyValue> {
    if (table === "base") return this.rowFromDisk(key, value as DiskRow);
    const hidden = value as Partial<Hidden> | null;
    if ((table === "operation" || table === "draft") && hidden?.sealed !== undefined) {
      return unseal(this.key, `${table} ${key}`, hidden.sealed) as Promise<AnyValue>;
    }
    return value as AnyValue;
  }

  private rowFromDisk(record: string, disk: DiskRow): Kept | Promise<Kept> {
    const { type, deleted, seen, homeless } = disk;
    const keys = this.layouts[disk.layout];
    if (keys === undefined) throw new Refused("storage_failed");
    const kept = (row: Row): Kept => ({
      stored: { record, type, keys, row, deleted, seen }, feeds: new Map(disk.feeds), homeless,
    });
    if (disk.sealed === undefined) return kept(disk.row ?? []);
    return unseal(this.key, `base ${record}`, disk.sealed).then((row) => kept(row as Row));
  }
}

/** Delete a profile's database: records, outbox, tokens, key. */
export function deleteReplica(factory: IDBFactory, profile: string): Promise<void> {
  return deleteDatabase(factory, databaseName(profile));
}

async function keyOf(database: IDBDatabase): Promise<CryptoKey> {
  const known = await read(database, ["key"], (transaction) => (
    result(transaction.objectStore("key").get("sealing"))
  )) as CryptoKey | undefined;
  if (known !== undefined) return known;
  const made = await newKey();
  return write(database, ["key"], async (transaction) => {
    // Another tab may have been quicker.
    const store = transaction.objectStore("key");
    const other = await result(store.get("sealing")) as CryptoKey | undefined;
    if (other === undefined) store.put(made, "sealing");
    return other ?? made;
  });
}

type DiskRows = [TableName, string, unknown][];

/** The commits from one revision to another; null if one of them is not there any more. */
async function journalOf(store: IDBObjectStore, from: number, to: number): Promise<JournalRow[] | null> {
  const asked = Array.from({ length: to - from + 1 }, (_unused, place) => result(store.get(from + place)));
  const rows = await Promise.all(asked) as (JournalRow | undefined)[];
  return rows.every((row): row is JournalRow => row !== undefined) ? rows : null;
}

async function everything(transaction: IDBTransaction): Promise<DiskRows> {
  const asked = TABLES.map(async (table): Promise<DiskRows> => {
    const store = transaction.objectStore(table);
    const [keys, values] = await Promise.all([result(store.getAllKeys()), result(store.getAll())]);
    return keys.map((key, place) => [table, key as string, values[place] as unknown]);
  });
  const rows = (await Promise.all(asked)).flat();
  return rows.filter(([table, key]) => table !== "meta" || key !== "revision");
}

async function some(transaction: IDBTransaction, journal: readonly JournalRow[]): Promise<DiskRows> {
  const asked = new Map<TableName, Set<string>>();
  for (const [table, keys] of journal.flatMap((row) => row.keys)) {
    const known = asked.get(table) ?? new Set<string>();
    for (const key of keys) known.add(key);
    asked.set(table, known);
  }
  const rows = [...asked].flatMap(([table, keys]) => [...keys].map(
    async (key): Promise<[TableName, string, unknown]> => (
      [table, key, await result(transaction.objectStore(table).get(key)) as unknown]
    ),
  ));
  return Promise.all(rows);
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
