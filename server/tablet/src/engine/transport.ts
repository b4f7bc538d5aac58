/**
 * Transport: what carries a request, and how its body is packed and its refusal read.
 *
 * Between a tablet and its server stand proxies, portals of hotels, and masts that drop the
 * second half of an answer. So nothing is believed that does not say itself to be the
 * server's, and everything else may have happened.
 *
 * Invariants
 *   * Every failure is `Unreachable` or `RequestRefused`; a refusal without the server's code
 *     is never definite.
 *   * Bytes are given on as they come: whole lines of a cut answer can be used.
 *   * A connection on which nothing moves is given up.
 */
import type { Fields } from "./types";

/** No answer, or the connection ended in the middle of one. */
export class Unreachable extends Error {}

/** The server said no to a request. `code` is null if what answered was not the server. */
export class RequestRefused extends Error {
  constructor(
    readonly status: number,
    readonly code: string | null,
    readonly definite: boolean,
    readonly waitMs: number | null,
    readonly told: string | null,
  ) {
    super(`${status} ${code}`);
  }
}

export type Fetch = (address: string, init: RequestInit) => Promise<Response>;

/** What a transport needs of the browser. */
export interface Carrier {
  readonly fetch: Fetch;
  /** Address before `/sync/v1/…`; empty for the server that the app came from. */
  readonly server: string;
  readonly language: () => string;
  /** Give up when nothing has moved for so long. */
  readonly silenceMs?: number;
}

// Below this, packing costs more than it saves. A quiet exchange is above: with the headers of a
// browser it has to stay under a kilobyte.
const SMALL_BYTES = 256;
const SILENCE_MS = 60_000;

const TAKEN = [200, 201, 204, 304];

/** What a request carries besides the token. */
export interface Sent {
  readonly headers: { readonly [name: string]: string };
  readonly body?: Uint8Array<ArrayBuffer> | null;
}

/** One request to the server. */
export class Transport {
  constructor(private readonly carrier: Carrier) {}

  /** A request whose answer is one JSON document, or nothing (304, then `told` is null). */
  async ask(
    method: string, path: string, asked: Fields | null, token: string | null = null, etag: string | null = null,
  ): Promise<{ told: Fields | null; etag: string | null }> {
    const reply = await this.open(method, path, await jsonOf(asked, etag), token);
    let told: unknown = null;
    try {
      const text = new TextDecoder().decode(await joined(reply.pieces));
      told = text === "" ? null : JSON.parse(text);
    } catch (error) {
      if (error instanceof Unreachable) throw error;
      throw notOurs(reply.status);
    }
    if (told !== null && (typeof told !== "object" || Array.isArray(told))) throw notOurs(reply.status);
    return { told: told as Fields | null, etag: reply.headers.get("etag") };
  }

  /** A request whose answer is read piece by piece. Throws if it is refused. */
  async stream(path: string, asked: Fields, token: string): Promise<AsyncIterable<Uint8Array>> {
    return (await this.open("POST", path, await jsonOf(asked, null), token)).pieces;
  }

  /** A request that carries or asks for bytes: the answer's headers, and its body. */
  async bytes(
    method: string, path: string, sent: Sent, token: string,
  ): Promise<{ headers: Headers; body: Uint8Array<ArrayBuffer> }> {
    const { headers, pieces } = await this.open(method, path, sent, token);
    return { headers, body: await joined(pieces) };
  }

  private async open(
    method: string, path: string, sent: Sent, token: string | null,
  ): Promise<{ status: number; headers: Headers; pieces: AsyncIterable<Uint8Array> }> {
    const patience = new Patience(this.carrier.silenceMs ?? SILENCE_MS);
    const headers: { [name: string]: string } = { "accept-language": this.carrier.language(), ...sent.headers };
    if (token !== null) headers.authorization = `Bearer ${token}`;
    let response: Response;
    try {
      response = await this.carrier.fetch(`${this.carrier.server}/sync/v1/${path}`, {
        method, headers, body: sent.body ?? null, signal: patience.signal,
        // What is posted is kept by no cache, and saying so costs two headers.
        cache: method === "GET" ? "no-store" : "default", credentials: "omit", redirect: "manual", referrerPolicy: "no-referrer",
      });
    } catch {
      patience.end();
      throw new Unreachable();
    }
    const pieces = piecesOf(response, patience);
    if (!TAKEN.includes(response.status)) throw await refusal(response, pieces);
    return { status: response.status, headers: response.headers, pieces };
  }
}

/** A body of JSON, and what is said of it. */
async function jsonOf(asked: Fields | null, etag: string | null): Promise<Sent> {
  const packed = asked === null ? null : await pack(asked);
  const headers: { [name: string]: string } = {};
  if (etag !== null) headers["if-none-match"] = etag;
  if (packed !== null) headers["content-type"] = "application/json";
  if (packed?.isGzip) headers["content-encoding"] = "gzip";
  return { headers, body: packed?.bytes ?? null };
}

/** Ends a request on which nothing moves any more. */
class Patience {
  private readonly control = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly silenceMs: number) {
    this.moved();
  }

  get signal(): AbortSignal {
    return this.control.signal;
  }

  moved(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.control.abort(), this.silenceMs);
  }

  end(): void {
    clearTimeout(this.timer);
  }
}

/** A body's bytes as they come. Ends by throwing `Unreachable` if it is cut. */
async function* piecesOf(response: Response, patience: Patience): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  try {
    while (reader !== undefined) {
      const { done, value } = await reader.read();
      if (done) return;
      patience.moved();
      if (value !== undefined) yield value;
    }
  } catch {
    throw new Unreachable();
  } finally {
    patience.end();
    // Whoever stopped reading wants no more of it.
    void reader?.cancel().catch(() => undefined);
  }
}

async function joined(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for await (const part of pieces) parts.push(part);
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let place = 0;
  for (const part of parts) {
    whole.set(part, place);
    place += part.length;
  }
  return whole;
}

/** A JSON body, packed if that pays and the browser can. */
export async function pack(asked: Fields): Promise<{ bytes: Uint8Array<ArrayBuffer>; isGzip: boolean }> {
  const bytes = new TextEncoder().encode(JSON.stringify(asked)) as Uint8Array<ArrayBuffer>;
  if (bytes.length <= SMALL_BYTES || typeof CompressionStream === "undefined") {
    return { bytes, isGzip: false };
  }
  const packed = new Response(bytes).body?.pipeThrough(new CompressionStream("gzip"));
  if (packed === undefined) return { bytes, isGzip: false };
  return { bytes: new Uint8Array(await new Response(packed).arrayBuffer()), isGzip: true };
}

/** What an answer that is no success says. Without a problem document, nothing is definite. */
async function refusal(response: Response, pieces: AsyncIterable<Uint8Array>): Promise<RequestRefused> {
  let told: { [member: string]: unknown } = {};
  try {
    const read: unknown = JSON.parse(new TextDecoder().decode(await joined(pieces)));
    if (typeof read === "object" && read !== null) told = read as typeof told;
  } catch {
    // No document: a proxy's page, or nothing.
  }
  const header = response.headers.get("retry-after") ?? "";
  const seconds = typeof told.retry_after_s === "number" ? told.retry_after_s
    : /^\d+$/.test(header) ? Number(header) : null;
  const waitMs = seconds === null ? null : seconds * 1_000;
  if (typeof told.code !== "string") {
    // What fails with a page of its own stands where the server is; what asks to sign in (511) does not.
    const isServing = response.status >= 500 && response.status !== 511;
    return new RequestRefused(response.status, isServing ? "server_error" : null, false, waitMs, null);
  }
  const words = told.detail ?? told.title;
  const sentence = typeof words === "string" ? words : null;
  return new RequestRefused(response.status, told.code, told.definite === true, waitMs, sentence);
}

function notOurs(status: number): RequestRefused {
  return new RequestRefused(status, null, false, null, null);
}
