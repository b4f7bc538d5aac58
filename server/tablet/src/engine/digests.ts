/**
 * Digests: whether a replica's feeds are what the server has.
 *
 * Each feed has a count and a sum, kept up while rows change; only when they differ from the
 * server's are the rows counted.
 *
 * Invariants
 *   * The digest of a feed is that of its members' base rows, deleted ones apart, the outbox
 *     apart.
 *   * A difference is told only after a fresh count: an own mistake in keeping a sum up is
 *     put right, not reported.
 *   * All arithmetic stays below 2⁵³.
 */
import type { FeedRow, ReplicaStorage, Shelf } from "./replica_storage";

/** The part of a shelf that only reads. */
type Reading = ReplicaStorage["shelf"];

export const DIGEST_MODULUS = 2 ** 48;

export type Digest = readonly [count: number, sum: number];

const TABLE = Uint32Array.from({ length: 256 }, (_unused, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** zlib's CRC-32 of a text in UTF-8. */
export function crc32(text: string): number {
  let crc = 0xffffffff;
  for (let place = 0; place < text.length; place += 1) {
    const unit = text.charCodeAt(place);
    if (unit > 0x7f) return crcOfBytes(new TextEncoder().encode(text));
    crc = (TABLE[(crc ^ unit) & 0xff] as number) ^ (crc >>> 8);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

export function crcOfBytes(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (TABLE[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** What one live record adds to the digest of each of its feeds, mod 2⁴⁸. */
export function digestPart(record: string, head: string): number {
  const [one, other] = [crc32(record), crc32(head)];
  // The product passes 2⁵³: it is made of two that do not.
  const high = (one * Math.floor(other / 0x10000)) % 0x100000000;
  return (high * 0x10000 + one * (other % 0x10000)) % DIGEST_MODULUS;
}

/** Keep the feeds' digests true while rows and memberships of `records` change. */
export function counted(shelf: Shelf, records: Iterable<string>, change: () => void): void {
  const touched = [...records];
  const before = parts(shelf, touched);
  change();
  const changes = new Map<string, { live: number; sum: number }>();
  for (const [sign, told] of [[-1, before], [1, parts(shelf, touched)]] as const) {
    for (const [feed, part] of told) {
      const known = changes.get(feed) ?? { live: 0, sum: 0 };
      const sum = (known.sum + sign * part.sum) % DIGEST_MODULUS;
      changes.set(feed, { live: known.live + sign * part.live, sum });
    }
  }
  for (const [name, { live, sum }] of changes) {
    const feed = shelf.feed(name);
    if (feed === null || (live === 0 && sum === 0)) continue;
    const whole = (feed.sum + sum + DIGEST_MODULUS) % DIGEST_MODULUS;
    shelf.saveFeed({ ...feed, live: feed.live + live, sum: whole });
  }
}

function parts(shelf: Shelf, records: readonly string[]): Map<string, { live: number; sum: number }> {
  const found = new Map<string, { live: number; sum: number }>();
  for (const record of new Set(records)) {
    const head = shelf.head(record);
    const part = head === null ? 0 : digestPart(record, head);
    for (const feed of head === null ? [] : shelf.feedsOf(record)) {
      const known = found.get(feed) ?? { live: 0, sum: 0 };
      found.set(feed, { live: known.live + 1, sum: (known.sum + part) % DIGEST_MODULUS });
    }
  }
  return found;
}

/** The digest of a feed, counted from its rows. */
export function recount(shelf: Reading, feed: string): Digest {
  let [count, sum] = [0, 0];
  for (const record of shelf.members(feed)) {
    const head = shelf.head(record);
    if (head !== null) [count, sum] = [count + 1, (sum + digestPart(record, head)) % DIGEST_MODULUS];
  }
  return [count, sum];
}

/** A feed whose digest is not the server's. */
export interface Difference {
  readonly feed: string;
  readonly own: Digest;
  readonly server: Digest;
}

/** The feeds that differ from the server's digests. */
export function compare(shelf: Shelf, server: ReadonlyMap<string, Digest>): Difference[] {
  const different: Difference[] = [];
  for (const feed of shelf.feeds()) {
    const theirs = server.get(feed.name);
    if (theirs === undefined || agrees(feed, theirs)) continue;
    const own = recount(shelf, feed.name);
    shelf.saveFeed({ ...feed, live: own[0], sum: own[1] });
    if (own[0] !== theirs[0] || own[1] !== theirs[1]) {
      different.push({ feed: feed.name, own, server: theirs });
    }
  }
  return different;
}

function agrees(feed: FeedRow, digest: Digest): boolean {
  return feed.live === digest[0] && feed.sum === digest[1];
}

// Buckets -----------------------------------------------------------------------------------

/** The part of a feed that a record is in: the lowest 8 bits of the CRC-32 of its id, in hex. */
export function bucketOf(record: string): string {
  return (crc32(record) & 0xff).toString(16).padStart(2, "0");
}

/** The digest of each bucket of a feed that is not empty. */
export function buckets(shelf: Reading, feed: string): { [bucket: string]: Digest } {
  const found: { [bucket: string]: Digest } = {};
  for (const record of shelf.members(feed)) {
    const head = shelf.head(record);
    if (head === null) continue;
    const [count, sum] = found[bucketOf(record)] ?? [0, 0];
    found[bucketOf(record)] = [count + 1, (sum + digestPart(record, head)) % DIGEST_MODULUS];
  }
  return found;
}
