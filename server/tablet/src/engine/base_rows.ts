/**
 * Base rows on the disk: in chunks, because a browser reads a hundred texts many times as
 * quickly as ten thousand objects.
 *
 * What comes by the page is written as one chunk, a JSON text of many rows. What changes later
 * is written row by row beside it. Both say at which revision, and the newest of a record
 * counts. Now and then all is written into fresh chunks.
 *
 * Invariants
 *   * Of a record, the entry with the highest revision is what is kept; an entry without a row
 *     says that the record is gone.
 *   * Sealed rows are never in a chunk.
 *   * A list of keys is kept once, under a number, in the transaction that first needs it.
 *   * What a person had erased is in no older chunk after the next exchange, and what has left
 *     this tablet in none after the app was opened again.
 */
import { ROW_HEAD } from "./catalogue";
import { result } from "./database";
import { Refused } from "./problems";
import type { Row } from "./record";
import { isMarked } from "./redaction";
import type { Kept } from "./replica_memory";
import { seal, unseal, type Sealed } from "./sealing";

export const ROW_STORES = ["base", "chunk", "layout"];

/** Fewer rows than this are written one by one. */
const CHUNK_MIN = 50;
const CHUNK_MAX = 500;
/** All is written anew when so many entries, and half as many as there are rows, are stale. */
const STALE_MIN = 1_000;
/** … or when so many records have gone of which an older chunk still tells. */
const GONE_MAX = 50;

/** A row as it lies on the disk: `feeds` are pairs of a name and a round; `row` null is sealed apart. */
type Told = readonly [
  record: string, type: string, layout: number, deleted: boolean, seen: string,
  feeds: readonly (readonly [string, number])[], homeless: boolean, row: Row | null,
];

/** An entry of the store `base`. Without `told` the record is gone. */
interface Single {
  readonly revision: number;
  readonly told: Told | null;
  readonly sealed?: Sealed;
}

type Changed = ReadonlyMap<string, Kept | undefined>;
type Entry = readonly [record: string, kept: Kept | undefined];

/** What is ready to be written in one transaction. */
export interface Prepared {
  readonly singles: readonly (readonly [string, Single])[];
  readonly chunks: readonly string[];
  readonly chunked: readonly string[];
  readonly layoutsFrom: number;
  readonly gone: number;
  readonly erased: boolean;
}

/** Of a record that was deleted only its head is kept. */
const isBare = (row: Row): boolean => row.length > 0 && row.length <= ROW_HEAD.length;

export class BaseRows {
  private readonly layouts: (readonly string[])[] = [];
  private readonly layoutIds = new Map<string, number>();
  private readonly singles = new Set<string>();
  private stale = 0;
  /** Records that went, or were erased, while an older chunk may still tell of them. */
  private gone = 0;
  private erased = false;

  constructor(
    private readonly key: CryptoKey,
    private readonly isRestricted: (type: string | null) => boolean,
  ) {}

  /** Whether it is time to write everything anew, of `live` rows. */
  isUntidy(live: number): boolean {
    const loose = this.stale + this.singles.size;
    return this.erased || this.gone >= GONE_MAX || (loose > STALE_MIN && loose > live / 2);
  }

  // Writing ---------------------------------------------------------------------------------

  /** Seal and write out changes of one revision. `whole`: they are all rows that there are. */
  async prepare(changed: Changed, revision: number, whole = false): Promise<Prepared> {
    const all = [...changed.values()];
    const about = {
      layoutsFrom: this.layouts.length,
      gone: all.filter((one) => one === undefined || isBare(one.stored.row)).length,
      erased: all.some((one) => one !== undefined && isMarked(one.stored.row)),
    };
    const [singles, open]: [[string, Single][], [string, Told][]] = [[], []];
    for (const [record, kept] of changed) {
      if (kept === undefined) singles.push([record, { revision, told: null }]);
      else if (this.isRestricted(kept.stored.type)) singles.push([record, await this.sealed(record, kept, revision)]);
      else open.push([record, this.told(kept, kept.stored.row)]);
    }
    if (open.length < CHUNK_MIN && !whole) {
      for (const [record, told] of open) singles.push([record, { revision, told }]);
      return { ...about, singles, chunks: [], chunked: [] };
    }
    const chunks: string[] = [];
    for (let start = 0; start < open.length; start += CHUNK_MAX) {
      chunks.push(JSON.stringify(open.slice(start, start + CHUNK_MAX).map(([, told]) => told)));
    }
    return { ...about, singles, chunks, chunked: open.map(([record]) => record) };
  }

  private async sealed(record: string, kept: Kept, revision: number): Promise<Single> {
    const sealed = await seal(this.key, `base ${record}`, kept.stored.row);
    return { revision, told: this.told(kept, null), sealed };
  }

  private told({ stored, feeds, homeless }: Kept, row: Row | null): Told {
    const { record, type, keys, deleted, seen } = stored;
    return [record, type, this.layoutOf(keys), deleted, seen, [...feeds], homeless, row];
  }

  /** Make the requests that write what was prepared. */
  put(transaction: IDBTransaction, { singles, chunks, chunked, layoutsFrom }: Prepared, revision: number): void {
    const [base, chunk, layout] = ROW_STORES.map((name) => transaction.objectStore(name)) as [
      IDBObjectStore, IDBObjectStore, IDBObjectStore,
    ];
    for (const [record, single] of singles) base.put(single, record);
    for (const record of chunked) if (this.singles.has(record)) base.delete(record);
    chunks.forEach((text, part) => chunk.put(text, [revision, part]));
    for (let id = layoutsFrom; id < this.layouts.length; id += 1) layout.put(this.layouts[id], id);
  }

  /** The transaction is complete. */
  written({ singles, chunked, gone, erased }: Prepared, changed: number): void {
    for (const record of chunked) this.singles.delete(record);
    for (const [record] of singles) this.singles.add(record);
    this.stale += changed;
    this.gone += gone;
    this.erased ||= erased;
  }

  /** Everything was written anew. */
  tidied({ singles }: Prepared): void {
    this.singles.clear();
    for (const [record] of singles) this.singles.add(record);
    [this.stale, this.gone, this.erased] = [0, 0, false];
  }

  /** The transaction was not written: nor were its lists of keys. */
  notWritten({ layoutsFrom }: Prepared): void {
    for (const keys of this.layouts.splice(layoutsFrom)) this.layoutIds.delete(keys.join(" "));
  }

  /** The number under which a list of keys is kept once. */
  private layoutOf(keys: readonly string[]): number {
    const text = keys.join(" ");
    const known = this.layoutIds.get(text);
    if (known !== undefined) return known;
    this.layoutIds.set(text, this.layouts.length);
    return this.layouts.push(keys) - 1;
  }

  // Reading ---------------------------------------------------------------------------------

  /** Ask for every row. The answer is made after the transaction. */
  async everything(transaction: IDBTransaction): Promise<() => Promise<Entry[]>> {
    const store = (name: string) => transaction.objectStore(name);
    const [keys, texts, records, singles, layouts] = await Promise.all([
      result(store("chunk").getAllKeys()), result(store("chunk").getAll()),
      result(store("base").getAllKeys()), result(store("base").getAll()),
      result(store("layout").getAll()),
    ]) as [[number, number][], string[], string[], Single[], string[][]];
    return async () => {
      this.learn(layouts);
      const newest = new Map<string, { revision: number; told: Told }>();
      let count = 0;
      texts.forEach((text, place) => {
        const revision = (keys[place] as [number, number])[0];
        for (const told of JSON.parse(text) as Told[]) {
          newest.set(told[0], { revision, told });
          count += 1;
        }
      });
      this.singles.clear();
      this.stale = count - newest.size;
      // Whatever went before now is not to be told of for another day.
      const isOld = (record: string, { told }: Single) => newest.has(record)
        && (told === null || isBare(told[7] ?? []) || isMarked(told[7] ?? []));
      const isErased = ({ told }: { told: Told }) => isMarked(told[7] ?? []);
      this.erased = records.some((record, place) => isOld(record, singles[place] as Single))
        || (this.stale > 0 && [...newest.values()].some(isErased));
      const found = new Map<string, Kept | undefined>();
      for (const [record, { told }] of newest) found.set(record, this.kept(told, told[7] ?? []));
      for (const [place, record] of records.entries()) {
        const single = singles[place] as Single;
        this.singles.add(record);
        if (single.revision < (newest.get(record)?.revision ?? 0)) continue;
        if (single.told === null) found.delete(record);
        else found.set(record, await this.fromSingle(record, single));
      }
      return [...found];
    };
  }

  /** Ask for what some revisions changed, oldest first. The answer is made after the transaction. */
  async some(
    transaction: IDBTransaction, revisions: readonly { revision: number; chunks: number; records: readonly string[] }[],
  ): Promise<() => Promise<Entry[]>> {
    const store = (name: string) => transaction.objectStore(name);
    const layouts = result(store("layout").getAll()) as Promise<string[][]>;
    const asked = await Promise.all(revisions.map(async ({ revision, chunks, records }) => {
      const parts = Array.from({ length: chunks }, (_unused, part) => result(store("chunk").get([revision, part])));
      const singles = records.map(async (record) => [record, await result(store("base").get(record))] as const);
      return [await Promise.all(parts), await Promise.all(singles)] as [string[], (readonly [string, Single | undefined])[]];
    }));
    const lists = await layouts;
    return async () => {
      this.learn(lists);
      const found = new Map<string, Kept | undefined>();
      for (const [texts, singles] of asked) {
        for (const text of texts) {
          for (const told of JSON.parse(text) as Told[]) found.set(told[0], this.kept(told, told[7] ?? []));
        }
        for (const [record, single] of singles) {
          if (single === undefined) continue; // It is in a chunk, of this revision or a later one.
          this.singles.add(record);
          found.set(record, await this.fromSingle(record, single));
        }
      }
      return [...found];
    };
  }

  private async fromSingle(record: string, { told, sealed }: Single): Promise<Kept | undefined> {
    if (told === null) return undefined;
    if (sealed === undefined) return this.kept(told, told[7] ?? []);
    return this.kept(told, await unseal(this.key, `base ${record}`, sealed) as Row);
  }

  private kept([record, type, layout, deleted, seen, feeds, homeless]: Told, row: Row): Kept {
    const keys = this.layouts[layout];
    if (keys === undefined) throw new Refused("storage_failed");
    return { stored: { record, type, keys, row, deleted, seen }, feeds: new Map(feeds), homeless };
  }

  private learn(layouts: readonly (readonly string[])[]): void {
    this.layouts.length = 0;
    this.layoutIds.clear();
    for (const keys of layouts) this.layoutOf(keys);
  }
}
