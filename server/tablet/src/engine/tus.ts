/**
 * A photo's way to the server: the client's side of tus 1.0 (https://tus.io/protocols/resumable-upload).
 *
 * On a network that carries a few kilobytes a second and breaks every minute, a photo goes in
 * pieces, and after a break the server is asked how much it has. Its own library is larger than
 * all that is here and brings retries that the engine has already.
 *
 * Invariants
 *   * Bytes that the server said it has are not sent again.
 *   * Where the server takes the photo, and how far, is noted after each piece.
 *   * It ends when the server has confirmed the last byte, or throws.
 */
import type { Bytes } from "./pictures";
import { RequestRefused } from "./transport";

const [PIECE_FIRST, PIECE_MIN, PIECE_MAX] = [64 << 10, 8 << 10, 512 << 10];
/** A piece that took longer than this halves the next, one that took a quarter of it doubles it. */
const PIECE_MS = 8_000;
/** Refusals in a row, without one byte more taken, after which it is left for later. */
const REFUSALS_MAX = 4;
const PIECE_TYPE = "application/offset+octet-stream";

/** One request with the device's token; throws what a transport throws. */
export type Send = (
  method: string, address: string, headers: { readonly [name: string]: string }, body?: Bytes,
) => Promise<Headers>;

export interface Sending {
  readonly digest: string;
  readonly record: string;
  readonly bytes: Bytes;
  /** Where an earlier try left it. */
  readonly address: string | null;
  readonly nowMs: () => number;
  /** Keep where it stands. */
  readonly noted: (address: string, offset: number) => Promise<void>;
}

const VERSION = { "tus-resumable": "1.0.0" };
/** How a piece is sent where a proxy lets no PATCH through. */
const OVERRIDE = { "x-http-method-override": "PATCH" };

/** Send what the server lacks of a photo. */
export async function sendPhoto(send: Send, photo: Sending): Promise<void> {
  const { bytes, noted, nowMs } = photo;
  let address = photo.address;
  let refusals = 0;
  let isOverridden = false;
  let piece = PIECE_FIRST;
  let offset = address === null ? null : await asked(send, address, bytes.length);
  for (;;) {
    if (address === null || offset === null) {
      address = await begun(send, photo);
      offset = 0;
    }
    await noted(address, offset);
    if (offset >= bytes.length) return;
    const startedMs = nowMs();
    try {
      const headers = { ...VERSION, "content-type": PIECE_TYPE, "upload-offset": String(offset), ...(isOverridden ? OVERRIDE : {}) };
      const body = bytes.slice(offset, offset + piece);
      const told = offsetOf(await send(isOverridden ? "POST" : "PATCH", address, headers, body), bytes.length);
      if (told <= offset) throw new RequestRefused(200, null, false, null, null);
      [offset, refusals] = [told, 0];
    } catch (error) {
      refusals += 1;
      if (refusals > REFUSALS_MAX) throw error;
      const next = afterRefusal(error, piece, isOverridden);
      if (next === "ask") offset = await asked(send, address, bytes.length);
      else if (next === "begin") offset = null;
      else if (next === "override") isOverridden = true;
      else piece >>= 1;
      continue;
    }
    const tookMs = nowMs() - startedMs;
    if (tookMs > PIECE_MS) piece = Math.max(PIECE_MIN, piece >> 1);
    else if (tookMs < PIECE_MS / 4) piece = Math.min(PIECE_MAX, piece << 1);
  }
}

/** Announce a photo; the same again answers the same address. */
async function begun(send: Send, { digest, record, bytes }: Sending): Promise<string> {
  const told = await send("POST", "attachments", {
    ...VERSION,
    "upload-length": String(bytes.length),
    "upload-metadata": `sha256 ${btoa(digest)},record ${btoa(record)}`,
  });
  // The server may call itself by another name than this tablet calls it: what counts is its end.
  const id = /attachments\/uploads\/[0-9a-z]+$/.exec(told.get("location") ?? "");
  if (id === null) throw new RequestRefused(201, null, false, null, null);
  return id[0];
}

/** How much of it the server has; null if it has forgotten it. */
async function asked(send: Send, address: string, most: number): Promise<number | null> {
  try {
    return offsetOf(await send("HEAD", address, VERSION), most);
  } catch (error) {
    // An answer to HEAD has no words: what is wrong will be said when it is begun anew.
    if (error instanceof RequestRefused && error.status < 500) return null;
    throw error;
  }
}

function offsetOf(headers: Headers, most: number): number {
  const told = Number(headers.get("upload-offset") ?? NaN);
  if (!Number.isInteger(told) || told < 0 || told > most) throw new RequestRefused(200, null, false, null, null);
  return told;
}

/** What to do about a piece that was not taken; throws what this module can do nothing about. */
function afterRefusal(error: unknown, piece: number, isOverridden: boolean): "ask" | "begin" | "override" | "smaller" {
  if (!(error instanceof RequestRefused)) throw error;
  const { status, code } = error;
  if (code === "offset_wrong" || code === "checksum_wrong") return "ask";
  if (code === "not_found" || code === "hash_wrong") return "begin";
  // Without a code it was not the server, but something on the way to it.
  if (code === null && !isOverridden && (status === 405 || status === 501)) return "override";
  if (code === null && status === 413 && piece > PIECE_MIN) return "smaller";
  throw error;
}
