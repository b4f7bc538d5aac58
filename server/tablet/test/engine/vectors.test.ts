/** The golden vectors: this engine gives what the Python engine gives. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

import { readCatalogue, valueProblem, type Field, type RecordType } from "../../src/engine/catalogue";
import { buckets, digestPart, DIGEST_MODULUS, recount } from "../../src/engine/digests";
import { Intake, offset } from "../../src/engine/intake";
import { operation, seenOf } from "../../src/engine/outbox";
import type { Record } from "../../src/engine/record";
import { LocalReplica } from "../../src/engine/replica";
import { MemoryStorage, NO_DISK } from "../../src/engine/replica_memory";
import { waitingEntry, type Entry, type Raw, type State } from "../../src/engine/replica_storage";
import { Session } from "../../src/engine/session";
import { whatIsSo, wordsOf } from "../../src/engine/status";
import { Stamps } from "../../src/engine/stamps";
import type { Draft, Fields, Json } from "../../src/engine/types";
import { asRecord, look, recordOf } from "../../src/engine/view";

type Case = { [name: string]: any };

function vectors(name: string): Case {
  const path = new URL(`../../../../tests/vectors/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(path, "utf8")) as Case;
}

function cases(name: string): [string, Case][] {
  return vectors(name).cases.map((one: Case, place: number) => [String(one.name ?? place), one]);
}

function baseOf(told: Case, spec: RecordType): Record | null {
  if (told.base === null) return null;
  const { keys, row, deleted } = told.base;
  return asRecord({ record: row[0], type: spec.name, keys, row, deleted, seen: row[1] }, spec);
}

function pendingOf(told: Case): Entry[] {
  return told.pending.map((one: { state: State; operation: Raw }) => (
    { ...waitingEntry(one.operation), state: one.state }
  ));
}

function bytes(lines: readonly unknown[]): Uint8Array {
  return new TextEncoder().encode(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
}

test.each(cases("stamps"))("stamps: %s", (_name, told) => {
  const source = new Stamps(told.device, told.incarnation, told.last);
  expect(told.now_ms.map((nowMs: number) => source.next(nowMs))).toEqual(told.stamps);
});

test.each(cases("offsets"))("offsets: %s", (_name, told) => {
  expect(offset(told.server_ms, told.sent_ms, told.now_ms, told.known)).toBe(told.offset_ms);
});

describe("fold", () => {
  const catalogue = readCatalogue(vectors("fold").catalogue);
  test.each(cases("fold"))("%s", (_name, told) => {
    const spec = catalogue.get(told.type) as RecordType;
    const view = look(baseOf(told, spec), pendingOf(told), spec);
    const seen = view === null ? null : {
      values: view.values(),
      versions: recordOf(view).versions(),
      head: view.head,
      deleted: view.deleted,
      marks: Object.fromEntries(view.marks),
    };
    expect(seen).toEqual(told.view);
    expect(view === null ? null : recordOf(view).row()).toEqual(told.row);
  });
});

describe("edits", () => {
  const told = vectors("edits");
  const catalogue = readCatalogue(told.catalogue);
  const record = told.about.split("record ").pop().replace(".", "");
  const actor = told.about.split("actor ")[1].split(",")[0];
  test.each(cases("edits"))("%s", (_name, one) => {
    const spec = catalogue.get(one.draft.type) as RecordType;
    const seen = seenOf(baseOf(one, spec), pendingOf(one), spec, one.seen);
    const draft: Draft = { ...one.draft, record };
    const make = () => operation(draft, seen, spec, {
      stamp: "0199a1b2e000-0000-k7m2p9q4x3f8", actor, schema: 3, at: 1_763_900_000_000, offsetMs: null,
    });
    if (one.refused === undefined) expect(make()).toEqual(one.operation);
    else expect(make).toThrow(one.refused);
  });
});

test.each(cases("digests"))("digests: %s", (_name, told) => {
  const parts = told.rows.map(([record, head]: [string, string]) => digestPart(record, head));
  expect(parts).toEqual(told.parts.map((part: string) => Number(BigInt(part) % 2n ** 48n)));
  const sum = parts.reduce((one: number, other: number) => (one + other) % DIGEST_MODULUS, 0);
  expect([parts.length, sum]).toEqual(told.digest);
});

test.each(cases("buckets"))("buckets: %s", async (_name, told) => {
  const storage = new MemoryStorage(NO_DISK);
  await storage.write("server", (shelf) => {
    shelf.saveFeed({ name: "f", cursor: "c", round: 0, resetting: false, evicted: false, live: 0, sum: 0 });
    for (const [record, head] of told.rows as [string, string][]) {
      shelf.saveRow({ record, type: "t", keys: ["record", "head"], row: [record, head], deleted: false, seen: head });
      shelf.join("f", [record], 0);
    }
  });
  expect(buckets(storage.shelf, "f")).toEqual(told.buckets);
});

describe("values", () => {
  const catalogue = readCatalogue(vectors("values").catalogue);
  test.each(cases("values"))("%s", (_name, told) => {
    const field = catalogue.get(told.type)?.byName.get(told.field) as Field;
    const words = valueProblem(field, told.value);
    expect(words === null ? null : [words.zh, words.en]).toEqual(told.problem);
  });
});

test.each(cases("status"))("status: %s", (_name, told) => {
  const counts = { waiting: told.waiting, kept: told.kept, handedInMs: told.handed_in_ms, photos: { waiting: 0 } };
  const what = whatIsSo(counts, told.sending, told.reachable);
  expect([what, wordsOf(what, counts)]).toEqual([told.what, { zh: told.zh, en: told.en }]);
});

describe("session", () => {
  const divided: [string, (data: Uint8Array) => Uint8Array[]][] = [
    ["whole", (data) => [data]],
    ["byte by byte", (data) => Array.from(data, (_byte, place) => data.subarray(place, place + 1))],
  ];
  for (const [how, divide] of divided) {
    test.each(cases("session"))(`%s, ${how}`, (_name, told) => {
      const session = new Session({ number: 1, body: {}, stamps: told.stamps, sentMs: 0, beyond: 0 });
      const text = told.lines.join("\n") + (told.ended ? "\n" : "");
      for (const piece of divide(new TextEncoder().encode(text))) session.receive(piece);
      session.end();
      expect([session.given, session.state]).toEqual([told.counted, told.state]);
    });
  }
});

describe("pages", () => {
  const catalogue = vectors("pages").catalogue as Fields;
  const user = vectors("pages").about.split("user ")[1].split(".")[0];

  async function fresh(): Promise<LocalReplica> {
    const storage = new MemoryStorage(NO_DISK);
    await LocalReplica.enrol(storage, "k7m2p9q4", user);
    const replica = new LocalReplica(storage, "x3f8");
    await replica.learn(catalogue, null);
    return replica;
  }

  async function exchange(replica: LocalReplica, told: Case): Promise<void> {
    const request = await replica.begin({ nowMs: told.now_ms });
    expect(request.stamps).toEqual(told.request.operations);
    expect(request.body.checkpoint).toEqual(told.request.checkpoint);
    const [session, intake] = [new Session(request), new Intake(replica, request)];
    await intake.take(session.receive(bytes(told.lines)), told.now_ms);
    session.end();
    expect(session.state).toBe(told.ended);
  }

  function kept(replica: LocalReplica): Case {
    const { shelf } = replica.storage;
    const feeds = shelf.feeds().map((feed) => {
      const { name, cursor, live, sum, resetting, evicted } = feed;
      expect([live, sum]).toEqual(recount(shelf, name));
      return [name, { cursor, live, sum, resetting, evicted, members: shelf.members(name) }];
    });
    const records = [...replica.types.types.keys()].flatMap((type) => shelf.records(type)).sort();
    const states: State[] = ["waiting", "arriving", "held", "rejected", "acknowledged"];
    return {
      feeds: Object.fromEntries(feeds),
      base: Object.fromEntries(records.map((record) => [record, rowOf(replica, record)])),
      operations: Object.fromEntries(shelf.inState(...states).map((one) => [one.stamp, one.state])),
      blank: shelf.inState(...states).filter((one) => one.body.redacted).map((one) => one.stamp),
    };
  }

  function rowOf(replica: LocalReplica, record: string): Case {
    const stored = replica.storage.shelf.row(record);
    const row = asRecord(stored as never, replica.types.get((stored as { type: string }).type) as RecordType);
    if (row.deleted) return { head: row.head, deleted: true };
    const values = Object.fromEntries(row.spec.fields.map((one): [string, Json] => [one.name, row.get(one.name)]));
    return { head: row.head, deleted: false, c: row.c, versions: row.versions(), values };
  }

  test.each(cases("pages"))("%s", async (_name, told) => {
    const replica = await fresh();
    for (const one of told.steps as Case[]) {
      if (one.queue !== undefined) {
        await replica.storage.write("mine", (shelf) => shelf.saveEntry(waitingEntry(one.queue)));
      } else {
        await exchange(replica, one);
      }
      const { aliases = {}, ...state } = one.state;
      expect(kept(replica)).toEqual(state);
      for (const record of Object.keys(state.base)) {
        expect(replica.storage.shelf.alias(record)).toBe(aliases[record] ?? null);
      }
    }
  });
});
