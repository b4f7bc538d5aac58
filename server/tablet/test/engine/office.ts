/**
 * A small server for tests: it applies what it is sent, tells what changed, and can fail in
 * every way in which networks and servers fail. It decides no conflicts.
 */
import { readFileSync } from "node:fs";

import { readCatalogue, type RecordType } from "../../src/engine/catalogue";
import { bucketOf, digestPart, DIGEST_MODULUS, type Digest } from "../../src/engine/digests";
import { fold } from "../../src/engine/fold";
import { Record } from "../../src/engine/record";
import type { Raw } from "../../src/engine/replica_storage";
import type { Fields, Json } from "../../src/engine/types";
import { NOON } from "./platform";

const path = new URL("../../../../tests/vectors/fold.json", import.meta.url);
export const CATALOGUE = (JSON.parse(readFileSync(path, "utf8")) as { catalogue: Fields }).catalogue;

export const GRID = "00000000-0000-7000-8000-0000000000a1";
export const USER = "00000000-0000-7000-8000-0000000000b1";
export const FEED = `grid:${GRID}`;

export function houseId(number: number): string {
  return `00000000-0000-7000-8000-${(0x100 + number).toString(16).padStart(12, "0")}`;
}

type Line = { [key: string]: unknown };
type Asked = { [member: string]: any };

/** What happens to the next request. */
export type Fault =
  | { kind: "none" }
  /** No connection: the server never hears of it. */
  | { kind: "down" }
  /** The server does everything, and only so many bytes of its answer arrive. */
  | { kind: "cut"; after: number }
  /** The same, and only so many whole lines arrive. */
  | { kind: "lines"; count: number }
  /** Something else answers. */
  | { kind: "answer"; status: number; body: string; headers?: { [name: string]: string } };

export class Office {
  readonly rows = new Map<string, Record>();
  /** Record → the place of its entry in the feed. */
  readonly places = new Map<string, number>();
  readonly gone = new Map<string, string>();
  readonly known = new Map<string, Raw>();
  readonly requests: { path: string; body: Asked; headers: Headers; bytes: number }[] = [];
  readonly faults: Fault[] = [];
  /** Looks at restricted facts that devices told of. */
  readonly looks: Fields[] = [];
  nowMs = NOON;
  epoch = "e1";
  reads: string[] | null = [FEED];
  /** Records that are named as erased, wherever they are. */
  redacted: string[] = [];
  hello: Fields = {};
  /** What becomes of an operation, if it is not simply applied. */
  judge: (raw: Raw) => Fields | null = () => null;
  catalogue: Fields = CATALOGUE;
  device = "k7m2p9q4";
  canRepair = true;
  /** Rows in a page. */
  pageMax = 2;
  tokens = { token: "t1", refresh: "r1" };
  private sequence = 0;
  private made = 0;
  private readonly enrolled = new Map<string, string>();

  readonly fetch = async (address: string, init: RequestInit): Promise<Response> => {
    const packed = (init.body ?? null) as Uint8Array<ArrayBuffer> | null;
    const headers = new Headers(init.headers);
    const plain = packed === null ? "" : headers.get("content-encoding") === "gzip"
      ? await new Response(new Response(packed).body!.pipeThrough(new DecompressionStream("gzip"))).text()
      : new TextDecoder().decode(packed);
    const body = plain === "" ? {} : JSON.parse(plain) as Asked;
    const door = new URL(address, "http://office").pathname.replace("/sync/v1/", "");
    const fault = this.faults.shift();
    if (fault?.kind === "down") throw new TypeError("no network");
    this.requests.push({ path: door, body, headers, bytes: packed?.length ?? 0 });
    if (fault?.kind === "answer") {
      return new Response(fault.body, { status: fault.status, headers: fault.headers ?? {} });
    }
    const answer = this.answer(door, body, headers);
    if (fault?.kind !== "cut" && fault?.kind !== "lines") return answer;
    const text = await answer.text();
    const arriving = fault.kind === "cut" ? fault.after
      : text.split("\n").slice(0, fault.count).join("\n").length + 1;
    return cut(new TextEncoder().encode(text), arriving);
  };

  /** A change at the office. */
  write(record: string, fields: Fields, kind: Raw["kind"] = "edit", type = "household"): string {
    this.made += 1;
    const stamp = `0199a1b2c000-${this.made.toString(16).padStart(4, "0")}-srv000000000`;
    this.apply({ stamp, type, record, kind, fields, actor: "system", at: this.nowMs, offset_ms: 0 });
    return stamp;
  }

  digest(): Digest {
    let [count, sum] = [0, 0];
    for (const record of this.rows.values()) {
      [count, sum] = [count + 1, (sum + digestPart(record.id, record.head)) % DIGEST_MODULUS];
    }
    return [count, sum];
  }

  private apply(raw: Raw): void {
    const spec = readCatalogue(this.catalogue).get(raw.type) as RecordType;
    const record = fold(this.rows.get(raw.record) ?? null, [raw], spec);
    if (record === null) return;
    this.sequence += 1;
    this.places.set(record.id, this.sequence);
    if (record.deleted) {
      this.rows.delete(record.id);
      this.gone.set(record.id, record.head);
    } else {
      this.rows.set(record.id, record);
    }
  }

  private answer(door: string, body: Asked, headers: Headers): Response {
    if (door === "enrol") return this.enrol(body);
    if (door === "refresh") return this.refresh(body);
    if (headers.get("authorization") !== `Bearer ${this.tokens.token}`) return refused(401, "token_expired");
    if (door === "catalogue") return json(this.catalogue, { etag: '"c1"' });
    if (door === "reveals") {
      this.looks.push(...body.reveals as Fields[]);
      return json({ noted: body.reveals.length });
    }
    if (door === "repair" && this.canRepair) return ndjson(this.repair(body));
    return door === "exchange" ? ndjson(this.exchange(body)) : refused(404, "not_found");
  }

  private enrol({ code, nonce }: Asked): Response {
    const before = this.enrolled.get(code);
    if (code === "bad" || (before !== undefined && before !== nonce)) return refused(403, "code_unknown");
    this.enrolled.set(code, nonce);
    return json({ device: this.device, user: USER, ...this.tokens, expires_at: this.nowMs + 3_600_000, now: this.nowMs });
  }

  private refresh({ refresh }: Asked): Response {
    if (refresh !== "r1") return refused(401, "refresh_unknown");
    this.tokens = { token: "t2", refresh: "r1" };
    return json({ ...this.tokens, expires_at: this.nowMs + 3_600_000 });
  }

  private exchange(body: Asked): Line[] {
    // Only what nobody else had moved beyond the cursor can be computed by the device.
    const cursor = Number(body.checkpoint[FEED] ?? 0);
    const behind = new Set([...this.places].filter(([, place]) => place > cursor).map(([id]) => id));
    const touched = new Set<string>();
    const acks = (body.operations as Raw[]).map((raw) => ({ ack: this.ack(raw, touched) }));
    const hello = {
      protocol: 1, schema: this.catalogue.schema, epoch: this.epoch, now: this.nowMs, feeds: this.reads,
      evicted: [], reset: [], wipe: false, ...this.hello,
    };
    if (this.reads === null) return [{ hello }, ...acks, { done: { more: false, digests: {} } }];
    const quiet = new Set([...touched].filter((id) => !behind.has(id)));
    const [pages, more] = this.pages(body.checkpoint[FEED], body.limit as number, quiet);
    const digests = more ? {} : { [FEED]: this.digest() };
    return [{ hello }, ...acks, ...pages, { done: { more, digests } }];
  }

  private ack(raw: Raw, touched: Set<string>): Fields {
    const repeated = this.known.has(raw.stamp);
    const verdict = this.judge(raw);
    this.known.set(raw.stamp, raw);
    if (verdict !== null) return { stamp: raw.stamp, head: null, feeds: [], ...verdict };
    if (!repeated) {
      this.apply(raw);
      touched.add(raw.record);
    }
    const head = this.rows.get(raw.record)?.head ?? this.gone.get(raw.record) ?? null;
    return { stamp: raw.stamp, outcome: "applied", head, feeds: [FEED], ...(repeated ? { repeated } : {}) };
  }

  private pages(cursor: string | undefined, limit: number, quiet: Set<string>): [Line[], boolean] {
    const after = cursor === undefined ? 0 : Number(cursor);
    const moved = [...this.places].filter(([, place]) => place > after).sort((a, b) => a[1] - b[1]);
    if (moved.length === 0 && cursor !== undefined) return [[], false];
    const told = moved.slice(0, limit);
    const lines: Line[] = [];
    for (let start = 0; start < Math.max(1, told.length); start += this.pageMax) {
      lines.push(this.page(told.slice(start, start + this.pageMax), cursor === undefined ? new Set() : quiet, after));
    }
    return [lines, moved.length > told.length];
  }

  private page(run: [string, number][], quiet: Set<string>, after: number): Line {
    const blocks = new Map<string, Json[]>();
    const deleted: { [record: string]: string } = {};
    for (const [id] of run) {
      const record = this.rows.get(id);
      if (record === undefined) deleted[id] = this.gone.get(id) as string;
      else if (!quiet.has(id)) blocks.set(record.spec.name, [...(blocks.get(record.spec.name) ?? []), record.row()]);
    }
    const put = [...blocks].map(([type, rows]) => ({ type, schema: 1, keys: this.keysOf(type), rows }));
    const last = run[run.length - 1]?.[1] ?? Math.max(after, this.sequence);
    return { page: { feed: FEED, cursor: String(last), put, deleted, left: [], alias: {}, redacted: this.redacted } };
  }

  private keysOf(type: string): readonly string[] {
    return (readCatalogue(this.catalogue).get(type) as RecordType).keys;
  }

  private repair({ feed, buckets }: Asked): Line[] {
    const own = new Map<string, Record[]>();
    for (const record of this.rows.values()) {
      own.set(bucketOf(record.id), [...(own.get(bucketOf(record.id)) ?? []), record]);
    }
    const lines: Line[] = [];
    for (const id of new Set([...own.keys(), ...Object.keys(buckets as object)])) {
      const records = own.get(id) ?? [];
      const sum = records.reduce((all, one) => (all + digestPart(one.id, one.head)) % DIGEST_MODULUS, 0);
      const [count, theirs] = (buckets as { [id: string]: Digest })[id] ?? [0, 0];
      if (count === records.length && sum === theirs) continue;
      for (const one of records) {
        const put = [{ type: one.spec.name, schema: 1, keys: one.spec.keys, rows: [one.row()] }];
        lines.push({ page: { feed, cursor: null, put, deleted: {}, left: [], alias: {} } });
      }
      lines.push({ bucket: { id, records: records.map((one) => one.id) } });
    }
    return [...lines, { done: { digests: { [feed as string]: this.digest() } } }];
  }
}

function json(told: unknown, headers: { [name: string]: string } = {}): Response {
  return new Response(JSON.stringify(told), { headers: { "content-type": "application/json", ...headers } });
}

function ndjson(lines: readonly Line[]): Response {
  return new Response(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
}

export function refused(status: number, code: string): Response {
  const told = { code, definite: status < 429, detail: `the server's words for ${code}` };
  return new Response(JSON.stringify(told), { status, headers: { "content-type": "application/problem+json" } });
}

/** An answer of which only the first bytes arrive, in pieces. */
function cut(bytes: Uint8Array, after: number): Response {
  const arriving = bytes.subarray(0, after);
  let place = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(control) {
      if (place >= arriving.length) {
        control.error(new TypeError("network error"));
        return;
      }
      control.enqueue(arriving.slice(place, place + 700));
      place += 700;
    },
  });
  return new Response(body);
}
