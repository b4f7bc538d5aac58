/**
 * Photos and the work that names them: which photo is to go to the server for which record.
 *
 * An operation names a photo by its hash; the bytes go their own way and may take days. So the
 * block that queues the operation also notes the upload, and the block that takes an operation
 * out takes its upload along.
 *
 * Invariants
 *   * Whatever operation waits that names a photo of this tablet, its upload is noted.
 *   * An upload goes only when the server has all of it, when its work was never sent and is
 *     taken back, or when somebody gave it up or had it erased.
 *   * A server that came back from a backup gets again what is whole here.
 */
import type { RecordType } from "./catalogue";
import { fieldsOf } from "./fold";
import type { Entry, PhotoRow, Raw, ReplicaStorage, Shelf, Upload } from "./replica_storage";
import type { FormDraft, Json } from "./types";

type Reading = ReplicaStorage["shelf"];

const HASH = /^[0-9a-f]{64}$/;

/** Note the uploads of the photos that an operation names, if they are of this tablet. */
export function noteUploads(shelf: Shelf, raw: Raw, spec: RecordType): void {
  for (const [name, value] of Object.entries(fieldsOf(raw))) {
    const photo = spec.byName.get(name)?.kind === "attachment" ? shelf.photo(String(value)) : null;
    if (photo === null || photo.erased) continue;
    const known = photo.uploads.find((one) => one.record === raw.record);
    if (known?.state === "done" || known?.state === "waiting") continue;
    setUpload(shelf, photo, { record: raw.record, state: "waiting", address: null, offset: 0, problem: null });
  }
}

/** Operations were taken out as if they had not been: so are the uploads that only they named. */
export function forgetUploads(shelf: Shelf, gone: readonly Entry[]): void {
  for (const entry of gone) {
    for (const digest of hashesIn(entry)) {
      const photo = shelf.photo(digest);
      const isNamed = shelf.entriesOf(entry.record).some((other) => hashesIn(other).includes(digest));
      if (photo !== null && !isNamed) dropUpload(shelf, photo, entry.record);
    }
  }
}

/** What an operation wrote was erased: the bytes of its photos must go too. */
export function eraseUploads(shelf: Shelf, entry: Entry, names: readonly string[]): void {
  const fields = fieldsOf(entry.body);
  for (const name of names) {
    const photo = shelf.photo(String(fields[name]));
    if (photo === null) continue;
    const uploads = photo.uploads.filter((one) => one.record !== entry.record);
    shelf.savePhoto(uploads.length > 0 ? { ...photo, uploads } : { ...photo, uploads, whole: false, erased: true });
  }
}

/**
 * A row says that something of its record was erased: the photos that neither it nor any work here
 * names now are erased too. Work is forgotten after 30 days, and may have gone before its photo.
 */
export function eraseUnnamed(shelf: Shelf, record: string, row: readonly Json[]): void {
  for (const photo of shelf.photos()) {
    const isOfIt = photo.uploads.some((one) => one.record === record);
    if (!isOfIt || row.includes(photo.digest)) continue;
    if (shelf.entriesOf(record).some((entry) => hashesIn(entry).includes(photo.digest))) continue;
    const uploads = photo.uploads.filter((one) => one.record !== record);
    shelf.savePhoto(uploads.length > 0 ? { ...photo, uploads } : { ...photo, uploads, whole: false, erased: true });
  }
}

/** The server has another history: what it confirmed in the last one it may have lost. */
export function handInAgain(shelf: Shelf): void {
  for (const photo of shelf.photos()) {
    if (!photo.whole) continue;
    for (const upload of photo.uploads) {
      // Where it stood is asked, and nothing is sent that is there.
      if (upload.state === "done") setUpload(shelf, shelf.photo(photo.digest) ?? photo, { ...upload, state: "waiting" });
    }
  }
}

export function setUpload(shelf: Shelf, photo: PhotoRow, upload: Upload): void {
  const others = photo.uploads.filter((one) => one.record !== upload.record);
  shelf.savePhoto({ ...photo, uploads: [...others, upload] });
}

export function dropUpload(shelf: Shelf, photo: PhotoRow, record: string): void {
  shelf.savePhoto({ ...photo, uploads: photo.uploads.filter((one) => one.record !== record) });
}

/** Whether a form draft holds a photo. */
export function isInDraft(drafts: readonly FormDraft[], digest: string): boolean {
  return drafts.some(({ values }) => Object.values(values).includes(digest));
}

function hashesIn(entry: Entry): string[] {
  return Object.values(fieldsOf(entry.body)).filter((one): one is string => typeof one === "string" && HASH.test(one));
}

export interface PhotoCounts {
  /** Photos that the server has not confirmed, and what is still to be sent of them. */
  readonly waiting: number;
  readonly bytes: number;
  /** Photos that the server will not take. */
  readonly refused: number;
  /** What photos take on this tablet. */
  readonly kept: number;
}

export function countPhotos(shelf: Reading): PhotoCounts {
  const counts = { waiting: 0, bytes: 0, refused: 0, kept: 0 };
  for (const photo of shelf.photos()) {
    if (photo.whole) counts.kept += photo.bytes;
    for (const upload of photo.uploads) {
      if (upload.state === "waiting") {
        counts.waiting += 1;
        counts.bytes += photo.bytes - upload.offset;
      }
      if (upload.state === "refused") counts.refused += 1;
    }
  }
  return counts;
}
