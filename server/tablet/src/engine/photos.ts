/**
 * Photos: taken here, kept here, handed in piece by piece, and those of others shown on demand.
 *
 * A worker takes a photo where there is no signal; it goes over a network that carries it in
 * minutes, if at all. Until the server has confirmed the last byte it is here, whole, and the
 * status says that it waits. It stays whole for 30 days more, as work does: a server that comes
 * back from a backup gets both again. After that a thumb stays, and the rest is the server's.
 *
 * Invariants
 *   * A photo is on the disk before anything names it, and whole until every record that it
 *     was taken for has it at the server.
 *   * What the server has makes room for what it has not.
 *   * One photo at a time is sent, in one tab.
 *   * A photo that the server will not take stops no other.
 */
import { signal, type ReadonlySignal } from "@preact/signals-core";

import type { Client } from "./client";
import { KEEP_MS } from "./intake";
import { dropUpload, isInDraft, setUpload } from "./photo_rows";
import type { Bytes, PictureSize, Pictures } from "./pictures";
import { problem, problemOf, Refused } from "./problems";
import type { MemoryStorage } from "./replica_memory";
import type { PhotoRow, Shelf, Upload } from "./replica_storage";
import { backoffMs } from "./session";
import { RequestRefused, Unreachable } from "./transport";
import { sendPhoto } from "./tus";
import type { Photo, Photos, View } from "./types";
import type { Waiting } from "./unsent";

const HOUR_MS = 3_600_000;
/** All that stays whole of what the server has, in bytes: a month's photos of a busy worker. */
const CONFIRMED_BYTES_MAX = 200 << 20;
/** How long the thumb stays of a photo that the server has. */
const THUMB_MS = 90 * 24 * HOUR_MS;

/** What the server says that trying again will not change → what is told. */
const REFUSALS: { readonly [code: string]: string } = {
  too_large: "photo_too_large",
  not_a_picture: "not_a_picture",
  bad_request: "bad_request",
  photo_lost: "photo_lost",
};

/** What a person must put right meanwhile: to ask every minute helps nobody. */
const PATIENCE_MS: { readonly [code: string]: number } = {
  too_many_uploads: 900_000, no_room: 900_000, photo_too_large: 900_000,
};

/** What photos need of the replica that they belong to. */
export interface Around {
  readonly client: Client;
  readonly crypto: Crypto;
  readonly nowMs: () => number;
  readonly draw: () => number;
  /** A record as it is shown, whatever the lease says. */
  readonly view: (record: string) => View | null;
  /** Whether the lease is over. */
  readonly isOver: () => boolean;
  /** Only one tab at a time; null if another one is at it. */
  readonly alone: (act: () => Promise<void>) => Promise<void | null>;
  /** How it stands has changed. */
  readonly changed: () => void;
}

/** The work that named a photo was taken back while it was sent. */
class TakenBack extends Error {}

export class LocalPhotos implements Photos {
  readonly all: ReadonlySignal<readonly Photo[]>;
  private readonly list = signal<readonly Photo[]>([]);
  private readonly failures = new Map<string, number>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** The server itself asked to wait; else it was out of reach. */
  private isTold = false;
  private isRunning = false;
  private at: string | null = null;

  constructor(
    private readonly storage: MemoryStorage,
    private readonly pictures: Pictures,
    private readonly around: Around,
  ) {
    this.all = this.list;
    this.look();
  }

  // Keeping ---------------------------------------------------------------------------------

  async keep(whole: Blob, thumb: Blob, type: string | null): Promise<string> {
    try {
      const { nowMs, crypto } = this.around;
      const [bytes, small] = [await bytesOf(whole), await bytesOf(thumb)];
      const digest = hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
      const put = () => this.pictures.put(digest, type, { whole: bytes, thumb: small }, nowMs());
      await put().catch(async (error: unknown) => {
        if (!await this.makeRoom()) throw error;
        await put();
      });
      await this.storage.write("mine", (shelf) => {
        const uploads = shelf.photo(digest)?.uploads ?? [];
        shelf.savePhoto({ digest, type, bytes: bytes.length, takenMs: nowMs(), whole: true, uploads });
      });
      return digest;
    } catch (error) {
      throw error instanceof Refused ? error : new Refused(problemOf(error));
    }
  }

  async here(digest: string, size: PictureSize): Promise<Blob | null> {
    try {
      const bytes = await this.pictures.get(size, digest);
      return bytes === null ? null : new Blob([bytes], { type: "image/jpeg" });
    } catch {
      return null; // The disk lost it, or its key.
    }
  }

  async fetch(record: string, digest: string): Promise<Blob> {
    const { client, isOver } = this.around;
    if (isOver()) throw new Refused("lease_expired");
    try {
      const address = `attachments/${digest}?record=${encodeURIComponent(record)}`;
      const { headers, body } = await client.withToken((transport, token) => transport.bytes("GET", address, { headers: {} }, token));
      const type = headers.get("content-type") ?? "";
      if (!type.startsWith("image/")) throw new Refused("not_our_server");
      return new Blob([body], { type });
    } catch (error) {
      if (error instanceof Unreachable) throw new Refused("unreachable");
      if (!(error instanceof RequestRefused)) throw error instanceof Refused ? error : new Refused(problemOf(error));
      const { code, definite, told, waitMs } = error;
      throw new Refused(problem(code ?? "not_our_server", { definite, told, waitMs }));
    }
  }

  /** What the server lacks, and what form drafts hold, for a file; but for what the disk lost. */
  async waiting(): Promise<Waiting[]> {
    const found: Waiting[] = [];
    for (const [row, { record, state }] of this.uploads()) {
      const bytes = state === "done" ? null : await this.pictures.get("whole", row.digest).catch(() => null);
      if (bytes !== null) found.push({ row, record, bytes });
    }
    const { shelf } = this.storage;
    for (const row of shelf.photos()) {
      const isPart = row.uploads.length === 0 && isInDraft(shelf.drafts(), row.digest);
      const bytes = isPart ? await this.pictures.get("whole", row.digest).catch(() => null) : null;
      if (bytes !== null) found.push({ row, record: "draft", bytes });
    }
    return found;
  }

  // How it stands ---------------------------------------------------------------------------

  /** Make the list anew from what is kept. */
  look(): void {
    this.list.value = this.uploads().map(([row, upload]) => this.told(row, upload)).reverse();
  }

  /** How far the photo is that is just being sent, 0 to 1; null if none is. */
  get share(): number | null {
    return this.list.peek().find((one) => one.state === "sending")?.share ?? null;
  }

  private uploads(): (readonly [PhotoRow, Upload])[] {
    return this.storage.shelf.photos().flatMap((row) => row.uploads.map((upload) => [row, upload] as const));
  }

  private told(row: PhotoRow, upload: Upload): Photo {
    const { digest, type, bytes, takenMs, whole } = row;
    const { record, problem: about } = upload;
    const state = upload.state === "done" ? "handed_in"
      : upload.state === "waiting" && this.at === keyOf(row, upload) ? "sending" : upload.state;
    return {
      digest, record, type, bytes, takenMs, whole, state,
      share: state === "handed_in" ? 1 : upload.offset / bytes,
      problem: about === null ? null : problem(about.code, { told: about.told }),
    };
  }

  // Handing in ------------------------------------------------------------------------------

  /** Hand in what waits. `hurry`: somebody pressed the button. */
  async run(hurry = false): Promise<void> {
    if (this.isRunning || this.storage.isEnded || this.next() === undefined) return;
    if (!hurry && this.isTold && this.timer !== undefined) return;
    this.isRunning = true;
    this.stop();
    try {
      await this.around.alone(() => this.sendAll());
    } catch (error) {
      // The tablet's own storage failed in the middle; what is on the disk stays true.
      if (!this.storage.isEnded) this.later(backoffMs(5, this.around.draw()), problemOf(error).code === "unreachable");
    } finally {
      this.isRunning = false;
      this.sending(null);
    }
  }

  /** No more timers. */
  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  async retry(record: string, digest: string): Promise<void> {
    await this.change(record, digest, { state: "waiting", problem: null });
    void this.run(true);
  }

  async giveUp(record: string, digest: string): Promise<void> {
    await this.storage.write("mine", (shelf) => {
      const row = shelf.photo(digest);
      if (row !== null) dropUpload(shelf, row, record);
    });
  }

  /** What is tried next: what failed least, the oldest first. */
  private next(): readonly [PhotoRow, Upload] | undefined {
    const times = ([row, upload]: readonly [PhotoRow, Upload]) => this.failures.get(keyOf(row, upload)) ?? 0;
    const waiting = this.uploads().filter(([, upload]) => upload.state === "waiting");
    return waiting.sort((one, other) => times(one) - times(other))[0];
  }

  private async sendAll(): Promise<void> {
    for (;;) {
      await this.storage.follow();
      const next = this.next();
      if (next === undefined) return;
      const [row, upload] = next;
      try {
        this.sending(keyOf(row, upload));
        await this.send(row, upload);
        this.failures.delete(keyOf(row, upload));
      } catch (error) {
        if (error instanceof TakenBack) continue;
        const waitMs = await this.failed(row, upload, error);
        if (waitMs === null) continue;
        this.later(waitMs, !(error instanceof Unreachable));
        return;
      }
    }
  }

  private async send(row: PhotoRow, upload: Upload): Promise<void> {
    const { digest } = row;
    const { record, address } = upload;
    const { client, nowMs } = this.around;
    const epoch = this.storage.shelf.meta("epoch");
    const bytes = await this.pictures.get("whole", digest).catch(() => null);
    if (bytes === null) {
      // The server had it once: then its bytes went to make room, and nothing was lost by that.
      if (upload.doneMs === undefined) throw new Refused("photo_lost");
      await this.change(record, digest, { state: "done", problem: null });
      return;
    }
    // A disk that is full must not keep here what would make room: only the progress is lost.
    const noted = (where: string, offset: number) => (
      this.change(record, digest, { address: where, offset, problem: null }).catch((error: unknown) => {
        if (error instanceof TakenBack || this.storage.isEnded) throw error;
      })
    );
    await sendPhoto(
      async (method, where, headers, body) => {
        const sent = { headers, body: body ?? null };
        return (await client.withToken((transport, token) => transport.bytes(method, where, sent, token))).headers;
      },
      { digest, record, bytes, address, nowMs, noted },
    );
    const done: Partial<Upload> = { state: "done", offset: bytes.length, problem: null, doneMs: nowMs() };
    await this.change(record, digest, done, (shelf) => {
      // Where the server came back from a backup meanwhile, this answer may be of before. Another
      // tab may have heard of it, or this one while the block waited its turn.
      if (shelf.meta("epoch") !== epoch) throw new Unreachable();
    });
  }

  /** What came of a try: null if it is settled, else how long to wait. */
  private async failed(row: PhotoRow, upload: Upload, error: unknown): Promise<number | null> {
    const isKnown = error instanceof RequestRefused || error instanceof Unreachable || error instanceof Refused;
    if (!isKnown || this.storage.isEnded) throw error;
    const key = keyOf(row, upload);
    const attempt = this.failures.get(key) ?? 0;
    this.failures.set(key, attempt + 1);
    const backoff = backoffMs(attempt, this.around.draw());
    if (error instanceof Unreachable) return backoff;
    const said = error instanceof Refused
      ? { code: error.problem.code, told: null, waitMs: null }
      // Without a code it is something on the way to the server that wants it smaller.
      : { code: error.code ?? (error.status === 413 ? "photo_too_large" : "not_our_server"), told: error.told, waitMs: error.waitMs };
    const refusal = REFUSALS[said.code];
    const about = refusal === undefined ? { code: said.code, told: said.told } : { code: refusal, told: null };
    await this.change(upload.record, row.digest, refusal === undefined
      ? { problem: about } : { state: "refused", address: null, offset: 0, problem: about });
    return refusal === undefined ? Math.max(backoff, said.waitMs ?? 0, PATIENCE_MS[said.code] ?? 0) : null;
  }

  private later(waitMs: number, isTold: boolean): void {
    this.isTold = isTold;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.run();
    }, waitMs);
  }

  private sending(key: string | null): void {
    this.at = key;
    this.look();
    this.around.changed();
  }

  private async change(
    record: string, digest: string, some: Partial<Upload>, check?: (shelf: Shelf) => void,
  ): Promise<void> {
    await this.storage.write("mine", (shelf) => {
      check?.(shelf);
      const row = shelf.photo(digest);
      const upload = row?.uploads.find((one) => one.record === record);
      if (!row || !upload) throw new TakenBack();
      setUpload(shelf, row, { ...upload, ...some });
    });
  }

  // Letting go ------------------------------------------------------------------------------

  /** Let the bytes of a photo go that every record of it has at the server; a thumb stays. */
  private async release(digest: string): Promise<boolean> {
    const isReleased = await this.storage.write("mine", (shelf) => {
      const row = shelf.photo(digest);
      if (!row?.whole || !isConfirmed(row) || isInDraft(shelf.drafts(), digest)) return false;
      shelf.savePhoto({ ...row, whole: false });
      return true;
    });
    if (isReleased) await this.pictures.drop(digest, "whole");
    return isReleased;
  }

  /** Let go what the server has had for long, and the oldest where that is much. */
  private async releaseOld(): Promise<void> {
    const nowMs = this.around.nowMs();
    const confirmed = this.storage.shelf.photos().filter((row) => row.whole && isConfirmed(row));
    let bytes = confirmed.reduce((sum, row) => sum + row.bytes, 0);
    for (const row of confirmed) {
      const isOld = row.uploads.every((one) => !isLately(one, nowMs));
      if (!isOld && bytes <= CONFIRMED_BYTES_MAX) continue;
      if (await this.release(row.digest)) bytes -= row.bytes;
    }
  }

  /** The disk is full: whatever the server has goes; whether anything went. */
  async makeRoom(): Promise<boolean> {
    let isAny = false;
    const { shelf } = this.storage;
    for (const row of shelf.photos()) {
      if (!row.whole || !isConfirmed(row) || isInDraft(shelf.drafts(), row.digest)) continue;
      isAny = await this.release(row.digest).catch(async () => {
        // So full that it does not take the word that the bytes are gone: then they go first.
        await this.pictures.drop(row.digest, "whole");
        return this.release(row.digest).catch(() => true);
      }) || isAny;
    }
    return isAny;
  }

  /**
   * Put away what nothing names any more. `first`: the app was just opened; then also what a
   * form left that was never saved, and bytes whose row was not written.
   */
  async sweep(first = false): Promise<void> {
    const { shelf } = this.storage;
    for (const { digest } of shelf.photos()) {
      // Another tab may write meanwhile: what is judged and what is written is of one block.
      const isGone = await this.storage.write("mine", (shelf) => this.tidied(shelf, digest, first));
      if (isGone) await this.pictures.drop(digest, "whole", "thumb");
    }
    // Only after the server was asked: it may have come back from a backup.
    if (!first) return this.releaseOld();
    for (const digest of await this.pictures.before(this.around.nowMs() - HOUR_MS)) {
      if (shelf.photo(digest) === null) await this.pictures.drop(digest, "whole", "thumb");
    }
  }

  /** Take out of a photo what nothing names any more; whether all of it goes. */
  private tidied(shelf: Shelf, digest: string, first: boolean): boolean {
    const row = shelf.photo(digest);
    if (row === null) return false;
    const ageMs = this.around.nowMs() - row.takenMs;
    const isNamed = (upload: Upload) => (
      upload.state === "waiting"
      || (upload.state === "done" && isLately(upload, this.around.nowMs()) && this.around.view(upload.record) !== null)
      || (!(upload.state === "done" && ageMs > THUMB_MS) && this.isShown(upload.record, digest))
    );
    const uploads = row.uploads.filter(isNamed);
    const isLeft = row.erased || row.uploads.length > 0 || (first && Math.abs(ageMs) > HOUR_MS);
    const isGone = uploads.length === 0 && isLeft && !isInDraft(shelf.drafts(), digest);
    if (isGone) shelf.dropPhoto(digest);
    else if (uploads.length < row.uploads.length) shelf.savePhoto({ ...row, uploads });
    return isGone;
  }

  /** Whether a record shows a photo, or work on it that is not settled names it. */
  private isShown(record: string, digest: string): boolean {
    const view = this.around.view(record);
    const names = (values: object) => Object.values(values).includes(digest);
    return (view !== null && names(view.values()))
      || this.storage.shelf.pending(record).some((entry) => names(entry.body.fields as object ?? {}));
  }
}

const keyOf = (row: PhotoRow, upload: Upload): string => `${upload.record} ${row.digest}`;

/** Whether the server has a photo for every record that it was taken for. */
const isConfirmed = ({ uploads }: PhotoRow): boolean => uploads.length > 0 && uploads.every((one) => one.state === "done");

/** Whether the server might still ask for it again, as for work. */
const isLately = ({ doneMs }: Upload, nowMs: number): boolean => doneMs !== undefined && Math.abs(nowMs - doneMs) <= KEEP_MS;

async function bytesOf(blob: Blob): Promise<Bytes> {
  return new Uint8Array(await blob.arrayBuffer());
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
