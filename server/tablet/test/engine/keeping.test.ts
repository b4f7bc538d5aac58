/** What is kept on the disk: whole or not at all, sealed where it must be, the same in every tab. */
import { beforeEach, describe, expect, test, vi } from "vitest";

import { createEngine } from "../../src/engine";
import type { Engine, Refusal, Replica } from "../../src/engine";
import { Refused } from "../../src/engine/problems";
import { LocalReplica } from "../../src/engine/replica";
import { IndexedDbDisk } from "../../src/engine/replica_indexeddb";
import { MemoryStorage } from "../../src/engine/replica_memory";
import { waitingEntry, type Raw, type Shelf } from "../../src/engine/replica_storage";
import { eventually } from "../patience";
import { IDBFactory, IDBObjectStore as FakeStore } from "fake-indexeddb";
import { browser, NOON, type Browser } from "./platform";
import { CATALOGUE, GRID, houseId, Office, USER } from "./office";

function raw(number: number, type = "household"): Raw {
  return {
    stamp: `0199a1b2d000-${number.toString(16).padStart(4, "0")}-k7m2p9q4x3f8`, group: null, actor: USER,
    schema: 3, at: NOON, offset_ms: 0, type, record: houseId(number), kind: "create",
    fields: { grid: GRID, phone: "13900000000" }, reason: null,
  };
}

describe("a block", () => {
  const keys = ["record", "head", "v", "vx", "c", "x", "phone"];
  let factory: IDBFactory;
  let disk: IndexedDbDisk;
  let storage: MemoryStorage;
  const isRestricted = (type: string | null) => type === "secret";

  async function opened(): Promise<[IndexedDbDisk, MemoryStorage]> {
    const made = await IndexedDbDisk.open(factory, "p", isRestricted);
    const memory = new MemoryStorage(made);
    await memory.load();
    return [made, memory];
  }

  beforeEach(async () => {
    factory = new IDBFactory();
    [disk, storage] = await opened();
  });

  /** Everything that one block may touch. */
  function everything(shelf: Shelf): void {
    shelf.setMeta("last_stamp", raw(1).stamp);
    shelf.saveFeed({ name: "f", cursor: "c1", round: 1, resetting: false, evicted: false, live: 1, sum: 7 });
    shelf.saveRow({ record: houseId(1), type: "household", keys: ["record", "head"], row: [houseId(1), "h"], deleted: false, seen: "h" });
    shelf.join("f", [houseId(1)], 1);
    shelf.saveEntry(waitingEntry(raw(1)));
    shelf.saveEntry(waitingEntry(raw(2, "secret")));
    shelf.saveAlias("a", "b");
    shelf.saveDraft({ key: "k", purpose: "edit", type: null, record: null, title: "t", values: {}, savedMs: 1 });
  }

  function state(of: MemoryStorage): unknown {
    const { shelf } = of;
    return {
      last: shelf.meta("last_stamp"), feeds: shelf.feeds(), members: shelf.members("f"),
      row: shelf.row(houseId(1)), alias: shelf.alias("a"), drafts: shelf.drafts(),
      entries: shelf.inState("waiting").map((one) => one.body),
    };
  }

  test("is on the disk as it was in memory", async () => {
    await storage.write("mine", everything);
    const [, again] = await opened();
    expect(state(again)).toEqual(state(storage));
    expect(again.shelf.inState("waiting")).toHaveLength(2);
  });

  test("that throws leaves nothing, in memory or on the disk", async () => {
    const before = state(storage);
    const failing = storage.write("mine", (shelf) => {
      everything(shelf);
      throw new Refused("bad_value");
    });
    await expect(failing).rejects.toThrow("bad_value");
    expect(state(storage)).toEqual(before);
    expect(state((await opened())[1])).toEqual(before);
  });

  test("that dies between any two of its writes leaves nothing, and the next one is whole", async () => {
    const before = state(storage);
    for (let deadly = 1; deadly <= 12; deadly += 1) {
      let count = 0;
      const spy = vi.spyOn(stores, "put").mockImplementation(function (this: IDBObjectStore, ...given) {
        count += 1;
        if (count === deadly) this.transaction.abort();
        return originalPut.apply(this, given);
      });
      const failed = await storage.write("mine", everything).then(() => false, () => true);
      spy.mockRestore();
      if (!failed) {
        expect(count).toBeLessThan(deadly);
        break;
      }
      expect(state(storage)).toEqual(before);
      expect(state((await opened())[1])).toEqual(before);
    }
    expect(state((await opened())[1])).toEqual(state(storage));
    expect(storage.shelf.inState("waiting")).toHaveLength(2);
  });

  test("is not seen by anybody before the disk has it", async () => {
    const writing = storage.write("mine", everything);
    await Promise.resolve();
    expect(storage.shelf.inState("waiting")).toEqual([]);
    await writing;
    expect(storage.shelf.inState("waiting")).toHaveLength(2);
  });

  test("that another tab overtook is run again over what that tab wrote", async () => {
    const [, other] = await opened();
    await other.write("mine", (shelf) => shelf.setMeta("count", 1));
    const add = (shelf: Shelf) => shelf.setMeta("count", (shelf.meta("count") as number ?? 0) + 1);
    await Promise.all([storage.write("mine", add), other.write("mine", add), storage.write("mine", add)]);
    await other.follow();
    expect([storage.shelf.meta("count"), other.shelf.meta("count")]).toEqual([4, 4]);
  });

  test("far behind what other tabs wrote, a tab reads everything anew", async () => {
    const [, other] = await opened();
    for (let count = 0; count < 80; count += 1) await other.write("mine", (shelf) => shelf.setMeta("n", count));
    await other.write("mine", everything);
    await storage.follow();
    expect(state(storage)).toEqual(state(other));
    expect(storage.shelf.meta("n")).toBe(79);
  });

  test("any number of rows, written, changed and dropped in any order, is found again and followed", async () => {
    let seed = 7;
    const draw = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
    const [, other] = await opened();
    const rowsOf = (of: MemoryStorage) => ["household", "secret"].flatMap((type) => of.shelf.records(type))
      .map((record) => [of.shelf.row(record), of.shelf.feedsOf(record)]);
    let tidied = 0;
    vi.spyOn(disk, "tidy").mockImplementation(async (...given) => {
      const done = await IndexedDbDisk.prototype.tidy.apply(disk, given);
      tidied += Number(done);
      return done;
    });
    for (let turn = 0; turn < 40; turn += 1) {
      const many = draw(3) === 0 ? 300 : 1 + draw(5);
      const keys = draw(2) === 0 ? ["record", "head"] : ["record", "head", "v"];
      await storage.write("server", (shelf) => {
        for (let count = 0; count < many; count += 1) {
          const record = houseId(draw(500));
          const type = draw(20) === 0 ? "secret" : "household";
          if (shelf.row(record) !== null && draw(4) === 0) shelf.dropRows([record]);
          else shelf.saveRow({ record, type, keys, row: [record, `${turn}`], deleted: false, seen: "h" });
          shelf.join(`f${draw(3)}`, [record], turn);
        }
      });
      if (draw(4) === 0) await other.follow();
      if (draw(4) === 0) await storage.tidy();
      if (turn % 8 === 7) expect(rowsOf((await opened())[1])).toEqual(rowsOf(storage));
    }
    await other.follow();
    expect(rowsOf(other)).toEqual(rowsOf(storage));
    expect(tidied).toBeGreaterThan(0);
  });

  test.each([
    ["was erased at a person's request", (shelf: Shelf) => shelf.saveRow({
      record: houseId(1), type: "household", keys, deleted: false, seen: "h2",
      row: [houseId(1), "h2", "v", null, null, { _redacted: ["s", ["phone"]] }, null],
    }), false],
    ["left this tablet", (shelf: Shelf) => shelf.dropRows([houseId(1)]), true],
    ["was deleted", (shelf: Shelf) => shelf.saveRow({
      record: houseId(1), type: "household", keys: keys.slice(0, 6), deleted: true, seen: "h2",
      row: [houseId(1), "h2", "h2", null, null, null],
    }), true],
  ])("what %s lies in no older part of the disk for long", async (_what, change, anew) => {
    await storage.write("server", (shelf) => {
      for (let count = 0; count < 60; count += 1) {
        const row = [houseId(count), "h", "v", null, null, null, `phone-${count}-`];
        shelf.saveRow({ record: houseId(count), type: "household", keys, row, deleted: false, seen: "h" });
      }
    });
    await storage.write("server", change);
    if (anew) [disk, storage] = await opened();
    await storage.tidy();
    const lying = await dump(factory, "yuanba-p");
    expect(lying).not.toContain("phone-1-");
    expect(lying).toContain("phone-2-");
    expect((await opened())[1].shelf.row(houseId(2))?.row[6]).toBe("phone-2-");
    const { revision } = storage;
    await storage.tidy();
    expect(storage.revision).toBe(revision);
  });

  test("hides what only some may read, and finds it again", async () => {
    await storage.write("mine", (shelf) => {
      shelf.saveEntry(waitingEntry(raw(2, "secret")));
      shelf.saveRow({ record: houseId(2), type: "secret", keys: ["record", "head"], row: [houseId(2), "520621199001011234"], deleted: false, seen: "h" });
      shelf.saveDraft({ key: "d", purpose: "edit", type: "secret", record: null, title: "520621199001011234", values: {}, savedMs: 1 });
      shelf.saveRow({ record: houseId(1), type: "household", keys: ["record", "head"], row: [houseId(1), "plain"], deleted: false, seen: "h" });
    });
    const lying = await dump(factory, "yuanba-p");
    expect(lying).not.toContain("13900000000");
    expect(lying).not.toContain("520621199001011234");
    expect(lying).toContain("plain");
    const [, again] = await opened();
    expect(again.shelf.entry(raw(2).stamp)?.body.fields).toEqual(raw(2).fields);
    expect(again.shelf.row(houseId(2))?.row[1]).toBe("520621199001011234");
    expect(again.shelf.drafts()[0]?.title).toBe("520621199001011234");
    disk.close();
  });
});

/** What every store of the fake database puts with. */
const stores = FakeStore.prototype as IDBObjectStore;
const originalPut = stores.put;

/** Everything that lies in a database, as text. */
async function dump(factory: IDBFactory, name: string): Promise<string> {
  const database = await new Promise<IDBDatabase>((resolve) => {
    const request = factory.open(name);
    request.onsuccess = () => resolve(request.result);
  });
  const texts: string[] = [];
  for (const store of [...database.objectStoreNames]) {
    const all = await new Promise<unknown[]>((resolve) => {
      const request = database.transaction(store).objectStore(store).getAll();
      request.onsuccess = () => resolve(request.result);
    });
    texts.push(JSON.stringify(all, (_key, value: unknown) => (
      value instanceof ArrayBuffer ? new TextDecoder("latin1").decode(value) : value
    )));
  }
  database.close();
  return texts.join("\n");
}

describe("the disk", () => {
  let office: Office;
  let platform: Browser;
  let engine: Engine;
  let replica: Replica;

  beforeEach(async () => {
    office = new Office();
    for (let number = 0; number < 3; number += 1) office.write(houseId(number), { grid: GRID, phone: `${number}` }, "create");
    platform = browser(office.fetch);
    engine = createEngine(platform);
    const profile = await engine.enrol({ code: "1234", name: "王芳" });
    replica = await engine.open(profile.id);
    await replica.sync("start");
  });

  function failing(name: string): void {
    const spy = vi.spyOn(stores, "put").mockImplementation(() => {
      spy.mockRestore();
      throw new DOMException("no", name);
    });
  }

  test.each([
    ["QuotaExceededError", "storage_full"],
    ["InvalidStateError", "storage_closed"],
    ["UnknownError", "storage_failed"],
  ])("that says %s refuses the work as %s, and nothing half is kept", async (name, code) => {
    failing(name);
    const saving = replica.edit(houseId(0), { phone: "9" });
    const refusal = await saving.catch((error: Refusal) => error) as Refusal;
    expect(refusal.problem).toMatchObject({ code, definite: false });
    expect(refusal.problem.words.zh.length).toBeGreaterThan(10);
    expect(replica.view(houseId(0))?.get("phone")).toBe("0");
    expect(replica.status.value).toMatchObject({ waiting: 0, trouble: { code } });
    await replica.edit(houseId(0), { phone: "9" });
    expect((await replica.sync("button")).trouble).toBeNull();
    expect(office.rows.get(houseId(0))?.get("phone")).toBe("9");
  });

  test("that is full in the middle of a page keeps what came, and the next exchange goes on", async () => {
    office.write(houseId(7), { grid: GRID, phone: "7" }, "create");
    failing("QuotaExceededError");
    expect(await replica.sync("button")).toMatchObject({ next: { step: "wait" }, trouble: { code: "storage_full" } });
    expect(await replica.sync("button")).toMatchObject({ next: { step: "rest" }, trouble: null });
    expect(replica.view(houseId(7))?.get("phone")).toBe("7");
  });

  test("without IndexedDB nothing opens, and the capabilities say so", async () => {
    const bare = createEngine(browser(office.fetch, { indexedDB: null }));
    expect(await bare.capabilities()).toMatchObject({ usable: false, missing: ["storage", "persist", "service_worker"] });
    await expect(bare.profiles()).rejects.toMatchObject({ problem: { code: "storage_closed" } });
  });

  test("without encryption (plain HTTP on a LAN) nobody is enrolled, and the words say why", async () => {
    const plain = createEngine(browser(office.fetch, { crypto: null, isSecure: false }));
    expect(await plain.capabilities()).toMatchObject({ usable: false, secureContext: false });
    await expect(plain.enrol({ code: "1", name: "x" })).rejects.toMatchObject({ problem: { code: "no_crypto" } });
  });

  test("a database that somebody deletes under an open tab refuses work in words", async () => {
    const going = platform.indexedDB!.deleteDatabase(`yuanba-${replica.profile.id}`);
    await new Promise((resolve) => (going.onsuccess = resolve));
    await expect(replica.edit(houseId(0), { phone: "9" })).rejects.toMatchObject({ problem: { code: "storage_moved" } });
    expect(replica.status.value.trouble?.code).toBe("storage_moved");
  });

  test("a profile that another tab erases is shown in no tab any more", async () => {
    const second = createEngine(platform);
    const other = await second.open(replica.profile.id);
    const told = vi.fn();
    other.onChange(told);
    await engine.wipe(replica.profile.id);
    await eventually(() => expect(other.status.value.next).toMatchObject({
      step: "wiped", problem: { code: "storage_moved" },
    }));
    expect(await second.profiles()).toEqual([]);
  });

  test("an erasing that was cut short leaves no name that cannot be opened", async () => {
    const { id } = replica.profile;
    await replica.close();
    await new Promise((resolve) => {
      platform.indexedDB!.deleteDatabase(`yuanba-${id}`).onsuccess = resolve;
    });
    const again = createEngine(platform);
    await expect(again.open(id)).rejects.toMatchObject({ problem: { code: "no_profile" } });
    expect(await again.profiles()).toEqual([]);
  });

  test("of a newer app is not touched by an older one", async () => {
    await replica.close();
    await new Promise((resolve) => {
      platform.indexedDB!.open(`yuanba-${replica.profile.id}`, 99).onsuccess = (event) => {
        (event.target as IDBOpenDBRequest).result.close();
        resolve(null);
      };
    });
    await expect(engine.open(replica.profile.id)).rejects.toMatchObject({ problem: { code: "storage_newer" } });
  });

  test("two tabs work on one outbox, and see what the other does", async () => {
    const other = await createEngine(platform).open(replica.profile.id);
    const changed = vi.fn();
    other.onChange(changed);
    const mine = await replica.edit(houseId(0), { phone: "8" }) as string;
    await eventually(() => expect(other.view(houseId(0))?.get("phone")).toBe("8"));
    expect(changed).toHaveBeenCalledWith({ by: "mine", records: new Set([houseId(0)]), whole: false });
    const theirs = await other.edit(houseId(0), { phone: "7" }) as string;
    expect(theirs > mine).toBe(true);
    expect(theirs.slice(-4)).not.toBe(mine.slice(-4));
    expect((other.work(theirs)?.body.base as { phone: string }).phone).toBe(mine);
    await Promise.all([replica.sync("button"), other.sync("button")]);
    await eventually(() => expect(other.status.value).toMatchObject({ waiting: 0, what: "handed_in" }));
    expect(office.rows.get(houseId(0))?.get("phone")).toBe("7");
    expect(office.requests.filter((one) => one.path === "exchange" && one.body.operations.length > 0)).toHaveLength(1);
  });

  test("a profile that another tab enrols anew is left, and opened again under its new device", async () => {
    await replica.edit(houseId(0), { phone: "9" });
    office.device = "n3wd3v1c";
    const other = createEngine(platform);
    await other.enrol({ code: "fresh", name: "x", profile: replica.profile.id });
    await replica.sync("button");
    await eventually(() => expect(replica.status.value.next.step).toBe("wiped"));
    const again = await engine.open(replica.profile.id);
    expect(again).not.toBe(replica);
    expect(again.outbox()).toHaveLength(1);
    const stamp = await again.edit(houseId(1), { phone: "8" });
    expect(stamp?.slice(18, 26)).toBe("n3wd3v1c");
  });

  test("where a browser has no locks, a note keeps the second tab from exchanging", async () => {
    const old = { ...platform, locks: null };
    await replica.close();
    const [one, two] = [await createEngine(old).open(replica.profile.id), await createEngine(old).open(replica.profile.id)];
    const before = office.requests.length;
    await Promise.all([one.sync("button"), two.sync("button")]);
    expect(office.requests.length - before).toBe(1);
    await two.sync("button");
    expect(office.requests.length - before).toBe(2);
  });

  test("an answer to a request that another tab has overtaken is not applied", async () => {
    const disk = await IndexedDbDisk.open(platform.indexedDB!, replica.profile.id, () => false);
    const storage = new MemoryStorage(disk);
    await storage.load();
    const local = new LocalReplica(storage, "zzzz");
    let release: (() => void) | undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow = office.fetch;
    office.write(houseId(5), { grid: GRID, phone: "5" }, "create");
    let isHeld = false;
    const late = browser(async (address, init) => {
      const response = await slow(address, init);
      isHeld = true;
      await held;
      return response;
    }, { indexedDB: platform.indexedDB, locks: null });
    const other = await createEngine(late).open(replica.profile.id);
    const syncing = other.sync("button");
    await eventually(() => expect(isHeld).toBe(true));
    await storage.follow();
    await local.begin({ nowMs: NOON });
    release?.();
    await syncing;
    await storage.follow();
    expect(storage.shelf.row(houseId(5))).toBeNull();
  });
});

test("the catalogue of the tests is one that the engine reads", () => {
  expect(CATALOGUE.schema).toBe(3);
});
