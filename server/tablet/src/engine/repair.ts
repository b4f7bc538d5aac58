/**
 * Repair: makes a feed what the server has, bucket by bucket, when their digests differ.
 *
 * A feed is never wiped for a difference: that would cost a worker their records in the middle
 * of a day. Only the buckets that differ are sent, and in them only what the server does not
 * list is dropped.
 *
 * Invariants
 *   * Each line is kept in one transaction; a repair that is cut leaves no feed worse.
 *   * No row goes while work on it waits.
 *   * Cursors stay: what is repaired is base rows and memberships.
 */
import { readDigests, readLine, type Page } from "./answer";
import { bucketOf, buckets, compare, counted } from "./digests";
import type { ReplicaStorage } from "./replica_storage";
import type { Fields, Json } from "./types";

interface Bucket {
  readonly id: string;
  readonly records: ReadonlySet<string>;
}

/** What is asked for: the digests of a feed's buckets here. */
export function repairRequest(
  shelf: ReplicaStorage["shelf"], device: string, schema: number, feed: string,
): Fields {
  return { device, schema: Math.max(1, schema), feed, buckets: buckets(shelf, feed) as unknown as Json };
}

/** Takes in the answer to one repair. */
export class Repair {
  /** Whether the answer was whole; then `differs` says whether the feed still does. */
  isWhole = false;
  differs = true;

  constructor(private readonly storage: ReplicaStorage, private readonly feed: string) {}

  /** Keep what a line says. Throws `AnswerError` or `TypeError` for what is none of a repair. */
  async take(text: Uint8Array): Promise<void> {
    const told = JSON.parse(new TextDecoder().decode(text)) as { [key: string]: unknown };
    if (told.bucket !== undefined) {
      await this.bucket(readBucket(told.bucket));
    } else if (told.done !== undefined) {
      await this.done((told.done as { digests?: unknown }).digests);
    } else {
      const line = readLine(text);
      if (line.kind === "page" && line.feed === this.feed) await this.page(line);
    }
  }

  private async page(page: Page): Promise<void> {
    const put = page.put.flatMap((block) => block.rows.map((row) => row[0] as string));
    await this.storage.write("server", (shelf) => {
      const round = shelf.feed(this.feed)?.round;
      if (round === undefined) return;
      counted(shelf, put, () => {
        for (const { type, keys, rows } of page.put) {
          for (const row of rows) {
            const [record, head] = row as [string, string];
            shelf.saveRow({ record, type, keys, row, deleted: false, seen: head });
          }
        }
        shelf.join(this.feed, put, round);
      });
    });
  }

  private async bucket({ id, records }: Bucket): Promise<void> {
    await this.storage.write("server", (shelf) => {
      const gone = shelf.members(this.feed).filter((record) => (
        bucketOf(record) === id && !records.has(record) && shelf.head(record) !== null
      ));
      counted(shelf, gone, () => shelf.leave(this.feed, gone));
    });
  }

  private async done(digests: unknown): Promise<void> {
    const told = readDigests(digests);
    this.differs = await this.storage.write("server", (shelf) => {
      const isBusy = (record: string) => shelf.pending(record).some((one) => one.state === "waiting");
      shelf.dropRows(shelf.homeless().filter((record) => !isBusy(record)));
      shelf.setMeta("repairs", ((shelf.meta("repairs") ?? 0) as number) + 1);
      return compare(shelf, told).some((one) => one.feed === this.feed);
    });
    this.isWhole = true;
  }
}

function readBucket(told: unknown): Bucket {
  const { id, records } = told as { id?: unknown; records?: unknown };
  if (typeof id !== "string" || !Array.isArray(records)) throw new TypeError("no bucket");
  return { id, records: new Set(records as string[]) };
}

/** Whole lines of pieces as they come. */
export async function* linesOf(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest = new Uint8Array(0);
  for await (const piece of pieces) {
    const data = new Uint8Array(rest.length + piece.length);
    data.set(rest);
    data.set(piece, rest.length);
    let start = 0;
    for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10, start)) {
      yield data.subarray(start, end);
      start = end + 1;
    }
    rest = data.slice(start);
  }
}
