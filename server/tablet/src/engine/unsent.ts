/**
 * "Copy my unsent work to a file": the last resort of a worker whose tablet fails, and the way
 * of a village without a mast.
 *
 * A file is a bundle of the contract: the very request that this tablet would send, as a text,
 * signed with the key that it enrolled with, so that whoever carries it is trusted with
 * nothing. Form drafts and what the server keeps already lie beside the operations, for people
 * to look at; a server passes over them. Photos that wait are a file of their own. A browser that cannot sign leaves that to an
 * administrator, who lets each operation go by hand.
 *
 * Invariants
 *   * Nothing of the outbox is changed, and no token or key is in a file.
 *   * Members of a group stay in one file.
 */
import type { Bytes } from "./pictures";
import { batchOf, checkpointOf } from "./replica";
import type { Entry, PhotoRow, ReplicaStorage } from "./replica_storage";
import { PROTOCOL } from "./session";
import type { Fields, Json, Profile, UnsentFile } from "./types";
import { zip } from "./zip";

const FORMAT = 1;
const OPERATIONS_MAX = 5_000;
/** Of a file, well below what a server takes. */
const TEXT_MAX = 6_000_000;
const PHOTOS_MAX = 8_000_000;

/** Signs with the key of this device. */
export type Sign = (message: Uint8Array<ArrayBuffer>) => Promise<ArrayBuffer>;

/** A photo that the server lacks, and its bytes. */
export interface Waiting {
  readonly row: PhotoRow;
  readonly record: string;
  readonly bytes: Bytes;
}

/** The outbox as files; one file even if nothing waits, for the drafts; one more with photos. */
export async function unsentFiles(
  shelf: ReplicaStorage["shelf"], profile: Profile, schema: number, nowMs: number, sign: Sign | null,
  photos: readonly Waiting[] = [],
): Promise<UnsentFile[]> {
  const day = new Date(nowMs).toISOString().slice(0, 16).replace(/[-:]/g, "").replace("T", "-");
  const parts = partsOf(shelf.inState("waiting"));
  const files = parts.map(async (part, place): Promise<UnsentFile> => {
    const beside = place > 0 ? {} : { kept: keptOf(shelf), drafts: shelf.drafts() as unknown as Json };
    const request: Fields = {
      protocol: PROTOCOL, device: profile.device, user: profile.user, name: profile.name, schema,
      sent_at: nowMs, operations: part.map((one) => one.body as Json), checkpoint: checkpointOf(shelf), ...beside,
    };
    const text = await bundle(JSON.stringify(request), sign);
    const number = parts.length > 1 ? `-${place + 1}` : "";
    return {
      name: `yuanba-${profile.device}-${day}${number}.json`,
      blob: new Blob([text], { type: "application/json" }),
      count: part.length,
      photos: 0,
    };
  });
  return [...await Promise.all(files), ...photosFile(profile.device, day, photos)];
}

/** The photos that the server lacks, each under the record that names it. */
function photosFile(device: string, day: string, photos: readonly Waiting[]): UnsentFile[] {
  const parts: Waiting[][] = [];
  let room = 0;
  for (const photo of photos) {
    if (photo.bytes.length > room) [room] = [PHOTOS_MAX, parts.push([])];
    room -= photo.bytes.length;
    parts[parts.length - 1]?.push(photo);
  }
  return parts.map((part, place) => ({
    name: `yuanba-${device}-${day}-photos-${place + 1}.zip`,
    blob: zip(part.map(({ record, row, bytes }) => (
      { name: `${device}/${record}_${row.digest}.jpg`, bytes, atMs: row.takenMs }
    ))),
    count: 0,
    photos: part.length,
  }));
}

async function bundle(payload: string, sign: Sign | null): Promise<string> {
  const message = new TextEncoder().encode(`yuanba bundle ${FORMAT}\n${payload}`);
  const signature = sign === null ? null : base64(new Uint8Array(await sign(message)));
  return JSON.stringify({ bundle: FORMAT, payload, signature });
}

function partsOf(waiting: readonly Entry[]): (readonly Entry[])[] {
  const parts: (readonly Entry[])[] = [];
  let left = waiting;
  do {
    let [most, part] = [OPERATIONS_MAX, batchOf(left, OPERATIONS_MAX)];
    while (part.length > 1 && most > 1 && JSON.stringify(part.map((one) => one.body)).length > TEXT_MAX) {
      most = Math.floor(most / 2);
      part = batchOf(left, most);
    }
    parts.push(part);
    left = left.filter((entry) => !part.includes(entry));
  } while (left.length > 0);
  return parts;
}

function keptOf(shelf: ReplicaStorage["shelf"]): Json {
  return shelf.inState("held", "rejected").map(({ state, answer, body }) => (
    { state, answer: answer as Json, operation: body as Json }
  ));
}

export function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
