/**
 * Where photos go, for tests: a server of tus 1.0 beside the office, with everything that may
 * happen to a piece on its way.
 */
import { createHash } from "node:crypto";

import type { Fields, Json } from "../../src/engine/types";
import { CATALOGUE, refused, type Office } from "./office";

interface Upload {
  readonly hash: string;
  readonly record: string;
  readonly length: number;
  bytes: Uint8Array;
}

/** What happens to the next request for photos. */
export type PhotoFault =
  | { kind: "down" }
  /** The server takes so many bytes of a piece, and no answer arrives. */
  | { kind: "partial"; bytes: number }
  | { kind: "answer"; status: number; code?: string };

export class Depot {
  readonly uploads = new Map<string, Upload>();
  /** [method, id or "" for the door itself, bytes of the body], in order. */
  readonly requests: [method: string, id: string, bytes: number][] = [];
  readonly faults: PhotoFault[] = [];
  /** Faults of pieces only. */
  readonly pieceFaults: PhotoFault[] = [];
  private made = 0;

  constructor(private readonly office: Office) {}

  /** The office's catalogue with a photo in a household's file, and in a secret's. */
  static catalogue(): Fields {
    const told = structuredClone(CATALOGUE) as { schema: number; types: { [name: string]: { [member: string]: Json } } };
    const { household } = told.types;
    if (household === undefined) throw new Error("no household");
    const label = { zh: "照片", en: "Photo" };
    const photo = { name: "photo", kind: "attachment", policy: "latest", label };
    household.fields = [...(household.fields as Json[]), photo];
    told.types.secret = { ...household, feeds: [{ kind: "restricted", by: "grid" }], identity: null };
    return told as unknown as Fields;
  }

  readonly fetch = async (address: string, init: RequestInit): Promise<Response> => {
    const [, rest] = new URL(address, "http://office").pathname.split("/sync/v1/attachments");
    if (rest === undefined) return this.office.fetch(address, init);
    const body = (init.body ?? new Uint8Array()) as Uint8Array;
    const headers = new Headers(init.headers);
    const method = headers.get("x-http-method-override") ?? init.method ?? "GET";
    const id = rest.replace("/uploads/", "").replace(/^\//, "");
    const fault = this.faults.shift() ?? (method === "PATCH" ? this.pieceFaults.shift() : undefined);
    if (fault?.kind === "down") throw new TypeError("no network");
    this.requests.push([init.method ?? "GET", id, body.length]);
    if (fault?.kind === "partial") {
      const isNext = Number(headers.get("upload-offset")) === this.uploads.get(id)?.bytes.length;
      if (isNext) this.take(id, body.subarray(0, fault.bytes));
      throw new TypeError("cut");
    }
    if (fault?.kind === "answer") {
      return fault.code === undefined ? new Response("<html>", { status: fault.status, headers: { "content-type": "text/html" } }) : refused(fault.status, fault.code);
    }
    if (headers.get("authorization") !== `Bearer ${this.office.tokens.token}`) return refused(401, "token_expired");
    return this.answer(method, id, headers, body, new URL(address, "http://office").searchParams);
  };

  private answer(method: string, id: string, headers: Headers, body: Uint8Array, query: URLSearchParams): Response {
    if (method === "POST") return this.begin(headers);
    if (method === "GET") return this.show(id, query.get("record") ?? "");
    const upload = this.uploads.get(id);
    if (upload === undefined) return method === "HEAD" ? new Response(null, { status: 404 }) : refused(404, "not_found");
    if (method === "HEAD") return new Response(null, { headers: { "upload-offset": String(upload.bytes.length) } });
    if (Number(headers.get("upload-offset")) !== upload.bytes.length) return refused(409, "offset_wrong");
    this.take(id, body);
    if (upload.bytes.length === upload.length && hashOf(upload.bytes) !== upload.hash) {
      this.uploads.delete(id);
      return refused(422, "hash_wrong");
    }
    return new Response(null, { status: 204, headers: { "upload-offset": String(upload.bytes.length) } });
  }

  private begin(headers: Headers): Response {
    const told = Object.fromEntries((headers.get("upload-metadata") ?? "").split(",").map((pair) => {
      const [name = "", value = ""] = pair.split(" ");
      return [name, atob(value)];
    }));
    const same = [...this.uploads].find(([, one]) => one.hash === told.sha256 && one.record === told.record);
    const id = same?.[0] ?? `upload${(this.made += 1)}`;
    const length = Number(headers.get("upload-length"));
    if (same === undefined) this.uploads.set(id, { hash: told.sha256 ?? "", record: told.record ?? "", length, bytes: new Uint8Array() });
    return new Response(null, { status: 201, headers: { location: `/sync/v1/attachments/uploads/${id}` } });
  }

  private show(hash: string, record: string): Response {
    const found = this.whole().find((one) => one.hash === hash && one.record === record);
    if (found === undefined) return refused(404, "on_its_way");
    return new Response(found.bytes.slice(), { headers: { "content-type": "image/jpeg" } });
  }

  private take(id: string, piece: Uint8Array): void {
    const upload = this.uploads.get(id);
    if (upload !== undefined) upload.bytes = Uint8Array.from(Buffer.concat([upload.bytes, piece]));
  }

  /** What has come whole. */
  whole(): Upload[] {
    return [...this.uploads.values()].filter((one) => one.bytes.length === one.length);
  }

  texts(): string[] {
    return this.whole().map((one) => new TextDecoder().decode(one.bytes));
  }

  /** Bytes of photos that were sent, repeated ones too. */
  sent(): number {
    return this.requests.reduce((sum, [, , bytes]) => sum + bytes, 0);
  }
}

export function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
