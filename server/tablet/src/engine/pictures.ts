/**
 * Pictures: the bytes of photos on this tablet's disk.
 *
 * Everything else that a replica keeps is in memory as well; photos are too large for that. So
 * their bytes lie in two stores of their own, and what is known of them (`PhotoRow`) in a table
 * like the others.
 *
 * Invariants
 *   * Bytes are on the disk before any row names them, and go after it: a row never names what
 *     is not there, unless the disk lost it.
 *   * Photos of restricted types are sealed before the transaction begins, and stay so.
 */
import { read, result, write } from "./database";
import { sealBytes, unsealBytes, type Sealed } from "./sealing";

export type PictureSize = "whole" | "thumb";

/** Size → its store. A thumb stays when the whole has gone to the server. */
const STORE: { readonly [Size in PictureSize]: string } = { whole: "picture", thumb: "thumb" };
export const PICTURE_STORES = Object.values(STORE);

export type Bytes = Uint8Array<ArrayBuffer>;

interface Kept {
  readonly atMs: number;
  readonly data?: Bytes;
  readonly sealed?: Sealed;
}

export class Pictures {
  constructor(
    private readonly database: IDBDatabase,
    private readonly key: CryptoKey,
    private readonly isRestricted: (type: string | null) => boolean,
  ) {}

  /** Keep a photo in both sizes, on the disk when this resolves. */
  async put(digest: string, type: string | null, sizes: { readonly [Size in PictureSize]: Bytes }, atMs: number): Promise<void> {
    const known = await this.kept("thumb", digest);
    const isSealed = this.isRestricted(type) || known?.sealed !== undefined;
    const rows: [string, Kept][] = [];
    for (const size of ["whole", "thumb"] as const) {
      const data = sizes[size];
      const hidden = isSealed ? { sealed: await sealBytes(this.key, `${STORE[size]} ${digest}`, data) } : { data };
      rows.push([STORE[size], { atMs, ...hidden }]);
    }
    await write(this.database, PICTURE_STORES, (transaction) => {
      for (const [store, row] of rows) transaction.objectStore(store).put(row, digest);
    });
  }

  /** The bytes, or null if they are not here. Throws an `OperationError` if the key is lost. */
  async get(size: PictureSize, digest: string): Promise<Bytes | null> {
    const kept = await this.kept(size, digest);
    if (kept === undefined) return null;
    if (kept.sealed === undefined) return kept.data ?? null;
    return unsealBytes(this.key, `${STORE[size]} ${digest}`, kept.sealed);
  }

  async drop(digest: string, ...sizes: readonly PictureSize[]): Promise<void> {
    await write(this.database, PICTURE_STORES, (transaction) => {
      for (const size of sizes) transaction.objectStore(STORE[size]).delete(digest);
    });
  }

  /** The photos of which bytes are here that were kept before then. */
  async before(ms: number): Promise<string[]> {
    const [keys, rows] = await read(this.database, PICTURE_STORES, (transaction) => {
      const store = transaction.objectStore(STORE.thumb);
      return Promise.all([result(store.getAllKeys()), result(store.getAll())]);
    }) as [string[], Kept[]];
    return keys.filter((_key, place) => (rows[place] as Kept).atMs < ms);
  }

  private async kept(size: PictureSize, digest: string): Promise<Kept | undefined> {
    const store = STORE[size];
    return await read(this.database, [store], (transaction) => (
      result(transaction.objectStore(store).get(digest))
    )) as Kept | undefined;
  }
}
