/** Photos: kept before they are named, handed in piece by piece, and never said to be there too early. */
import { beforeEach, describe, expect, test, vi } from "vitest";

import { createEngine } from "../../src/engine";
import type { Engine, Photo, Replica, Status } from "../../src/engine";
import { eventually } from "../patience";
import { Depot, hashOf, type PhotoFault } from "./depot";
import { GRID, houseId, Office } from "./office";
import { browser, type Browser } from "./platform";

let office: Office;
let depot: Depot;
let platform: Browser;
let engine: Engine;
let replica: Replica;

const bytes = (size: number, seed = 1) => Uint8Array.from({ length: size }, (_unused, place) => (place * 31 + seed * 7) & 0xff);
const blob = (data: Uint8Array<ArrayBuffer>) => new Blob([data]);
const THUMB = new Blob(["small"]);

beforeEach(async () => {
  office = new Office();
  office.catalogue = Depot.catalogue();
  for (let number = 0; number < 4; number += 1) office.write(houseId(number), { grid: GRID, phone: `${number}` }, "create");
  depot = new Depot(office);
  platform = browser(depot.fetch);
  engine = createEngine(platform);
  const profile = await engine.enrol({ code: "1234", name: "王芳" });
  replica = await engine.open(profile.id);
  await replica.sync("start");
});

async function reopened(): Promise<Replica> {
  const { id } = replica.profile;
  await replica.close();
  replica = await createEngine(platform).open(id);
  return replica;
}

/** Take a photo of a household, as its form does. */
async function photographed(number: number, data = bytes(300), of: Replica = replica): Promise<string> {
  const digest = await of.photos.keep(blob(data), THUMB, "household");
  await of.edit(houseId(number), { photo: digest });
  return digest;
}

const states = (of: Replica = replica): [Photo["state"], number][] => of.photos.all.value.map((one) => [one.state, one.share]);
const settled = (of: Replica = replica) => eventually(() => expect(of.status.value.photos).toMatchObject({ waiting: 0, sending: null }));

/** Days go by, for tablet and server. */
function pass(days: number): void {
  platform.clock.nowMs += days * 86_400_000;
  office.nowMs = platform.clock.nowMs;
}

/** The server comes back from a backup, with only these of its photos. */
function restored(isKept: (one: { readonly length: number }) => boolean): void {
  for (const [id, one] of [...depot.uploads]) if (!isKept(one)) depot.uploads.delete(id);
  office.epoch = `${office.epoch}2`;
  office.hello = { ...office.hello, reset: office.reads };
}

test("a photo is on the disk before anything names it, and goes with its work after a restart", async () => {
  const data = bytes(300);
  const digest = await photographed(0, data);
  expect(digest).toBe(hashOf(data));
  expect(replica.status.value).toMatchObject({ what: "saved", waiting: 1, photos: { waiting: 1, bytes: 300, kept: 300 } });
  await reopened();
  expect(await replica.photos.here(digest, "whole")).toMatchObject({ size: 300 });
  expect(states()).toEqual([["waiting", 0]]);
  await replica.sync("button");
  await settled();
  const told = () => office.requests.map((one) => one.body.status?.photos as number | undefined).pop();
  expect(told()).toBe(1);
  await replica.sync("button");
  expect(told()).toBeUndefined();
  expect(office.rows.get(houseId(0))?.get("photo")).toBe(digest);
  expect(depot.whole().map((one) => [one.record, [...one.bytes]])).toEqual([[houseId(0), [...data]]]);
  expect(states()).toEqual([["handed_in", 1]]);
});

test("its bytes go a month after the server has confirmed them all, and a thumb stays", async () => {
  const digest = await photographed(0);
  await replica.sync("button");
  await settled();
  pass(29);
  await replica.sync("button");
  await reopened();
  expect(await replica.photos.here(digest, "whole")).toMatchObject({ size: 300 });
  pass(2);
  await reopened();
  expect(await replica.photos.here(digest, "whole")).toMatchObject({ size: 300 });
  await replica.sync("button");
  await eventually(async () => expect(await replica.photos.here(digest, "whole")).toBeNull());
  expect(await replica.photos.here(digest, "thumb")).toMatchObject({ size: 5 });
  expect(replica.photos.all.value[0]).toMatchObject({ whole: false });
  expect(replica.status.value.photos.kept).toBe(0);
  expect(await (await replica.photos.fetch(houseId(0), digest)).arrayBuffer()).toEqual(bytes(300).buffer);
});

test("a server that came back from a backup gets the photos again that it has lost, and no others", async () => {
  await photographed(0, bytes(100_000));
  await photographed(1, bytes(400, 2));
  await replica.sync("button");
  await settled();
  await photographed(1, bytes(500, 3)); // In the place of the first.
  await replica.sync("button");
  await settled();
  const before = depot.sent();
  restored((one) => one.length === 100_000);
  await replica.sync("button");
  await eventually(() => expect(depot.whole().map((one) => one.length).sort()).toEqual([100_000, 400, 500].sort()));
  await settled();
  expect(states().map(([state]) => state)).toEqual(["handed_in", "handed_in", "handed_in"]);
  expect(depot.sent() - before).toBe(900);
});

test("an answer of before the server came back from its backup counts for nothing", async () => {
  await photographed(0);
  const { fetch } = depot;
  const spy = vi.spyOn(platform, "fetch").mockImplementation(async (address, init) => {
    const answer = await fetch(address, init);
    if (init.method === "PATCH") {
      spy.mockImplementation(fetch);
      restored(() => false);
      await replica.sync("button");
    }
    return answer;
  });
  await reopened();
  await replica.sync("button");
  await eventually(() => expect(replica.status.value.photos).toMatchObject({ waiting: 1, sending: null }));
  expect(depot.whole()).toEqual([]);
  await replica.sync("button");
  await settled();
  expect(depot.whole()).toHaveLength(1);
});

test("what the server has makes room for a new photo on a disk that is full", async () => {
  const first = await photographed(0);
  await replica.sync("button");
  await settled();
  const { IDBObjectStore: FakeStore } = await import("fake-indexeddb");
  const spy = vi.spyOn(FakeStore.prototype as unknown as IDBObjectStore, "put").mockImplementation(() => {
    spy.mockRestore();
    throw new DOMException("no", "QuotaExceededError");
  });
  const second = await photographed(1, bytes(500, 2));
  expect(await replica.photos.here(second, "whole")).toMatchObject({ size: 500 });
  expect(await replica.photos.here(first, "whole")).toBeNull();
  expect(await replica.photos.here(first, "thumb")).toMatchObject({ size: 5 });
});

test("what the server has makes room for work on a disk that is full, and is missed by nobody", async () => {
  const first = await photographed(0);
  await replica.sync("button");
  await settled();
  const { IDBObjectStore: FakeStore } = await import("fake-indexeddb");
  let times = 2; // The work, and the word that the bytes of the photo are gone.
  const { put } = FakeStore.prototype;
  const spy = vi.spyOn(FakeStore.prototype as unknown as IDBObjectStore, "put").mockImplementation(function full(this: IDBObjectStore, ...all) {
    if (times-- > 0) throw new DOMException("no", "QuotaExceededError");
    spy.mockRestore();
    return Reflect.apply(put, this, all) as IDBRequest<IDBValidKey>;
  });
  await replica.edit(houseId(1), { phone: "77" });
  expect(replica.status.value).toMatchObject({ waiting: 1, trouble: null });
  expect(await replica.photos.here(first, "whole")).toBeNull();
  restored(() => true);
  await replica.sync("button");
  await settled();
  expect(states().map(([state]) => state)).toEqual(["handed_in"]);
});

test("what the server has makes room for a draft on a disk that is full", async () => {
  const first = await photographed(0);
  await replica.sync("button");
  await settled();
  const { IDBObjectStore: FakeStore } = await import("fake-indexeddb");
  const spy = vi.spyOn(FakeStore.prototype as unknown as IDBObjectStore, "put").mockImplementation(() => {
    spy.mockRestore();
    throw new DOMException("no", "QuotaExceededError");
  });
  replica.drafts.put({ key: "k", purpose: "visit", type: null, record: null, title: "t", values: { notes: "a" } });
  await expect(replica.drafts.flush()).rejects.toMatchObject({ problem: { code: "storage_full" } });
  await eventually(async () => expect(await replica.photos.here(first, "whole")).toBeNull());
  await replica.drafts.flush();
  expect(replica.status.value.trouble).toBeNull();
});

test("an answer counts for nothing where the word of the server's new history comes just before it", async () => {
  await photographed(0);
  const storage = Reflect.get(replica, "storage") as {
    write: (by: string, block: (shelf: { meta: (name: string) => unknown; setMeta: (name: string, value: unknown) => void }) => unknown) => Promise<unknown>;
  };
  const write = storage.write.bind(storage);
  const spy = vi.spyOn(storage, "write").mockImplementation((by, block) => {
    if (depot.whole().length === 0) return write(by, block);
    spy.mockRestore();
    void write("server", (shelf) => shelf.setMeta("epoch", "another"));
    return write(by, block);
  });
  await replica.sync("button");
  await eventually(() => expect(depot.whole()).toHaveLength(1));
  await eventually(() => expect(replica.status.value.photos).toMatchObject({ sending: null }));
  expect(replica.status.value.photos).toMatchObject({ waiting: 1 });
});

test("nothing is said to be handed in while a photo waits, though all entries are", async () => {
  await photographed(0);
  depot.faults.push({ kind: "down" });
  const said: Status[] = [];
  const stop = replica.status.subscribe((one) => said.push(one));
  await replica.sync("button");
  await eventually(() => expect(replica.status.value).toMatchObject({ waiting: 0, what: "saved", photos: { waiting: 1, sending: null } }));
  expect(replica.status.value.words).toEqual({ zh: "已存在本机，1 张照片待上传", en: "Saved on this tablet; photos to be sent: 1" });
  await replica.sync("button");
  await settled();
  stop();
  expect(replica.status.value.what).toBe("handed_in");
  expect(said.filter((one) => one.what === "handed_in" && one.photos.waiting + one.waiting > 0)).toEqual([]);
});

test("a photo that is cut in the middle goes on where the server stands, also after a restart", async () => {
  const data = bytes(200_000);
  await photographed(0, data);
  depot.pieceFaults.push({ kind: "partial", bytes: 50_000 });
  await replica.sync("button");
  await eventually(() => expect(replica.status.value.photos).toMatchObject({ waiting: 1, sending: null }));
  await reopened();
  expect(states()[0]?.[0]).toBe("waiting");
  await replica.sync("button");
  await settled();
  expect(hashOf(depot.whole()[0]!.bytes)).toBe(hashOf(data));
  expect(depot.requests.filter(([method]) => method === "HEAD")).toHaveLength(1);
  // What was on its way when it was cut is lost; what the server had is not sent again.
  expect(depot.sent()).toBeLessThan(200_000 + 65_536);
});

test("a photo is cut into pieces that grow with the network, and the share is told", async () => {
  await photographed(0, bytes(400_000));
  const shares = new Set<number>();
  const stop = replica.photos.all.subscribe((all) => {
    if (all[0]?.state === "sending") shares.add(all[0].share);
  });
  await replica.sync("button");
  await settled();
  stop();
  const pieces = depot.requests.filter(([method]) => method === "PATCH").map(([, , size]) => size);
  expect(pieces).toEqual([65_536, 131_072, 203_392]);
  expect([...shares]).toEqual([0, 65_536 / 400_000, 196_608 / 400_000, 1]);
});

test("an upload that the server has forgotten is begun anew", async () => {
  await photographed(0, bytes(100_000));
  depot.pieceFaults.push({ kind: "partial", bytes: 10 });
  await replica.sync("button");
  await eventually(() => expect(replica.status.value.photos.sending).toBeNull());
  depot.uploads.clear();
  await replica.sync("button");
  await settled();
  expect(depot.whole()).toHaveLength(1);
});

test("a token that ends between the pieces is made new", async () => {
  await photographed(0, bytes(100_000));
  const { fetch } = depot;
  let count = 0;
  vi.spyOn(platform, "fetch").mockImplementation((address, init) => {
    if (init.method === "PATCH" && (count += 1) === 2) office.tokens = { ...office.tokens, token: "other" };
    return fetch(address, init);
  });
  await reopened();
  await replica.sync("button");
  await settled();
  expect(office.tokens.token).toBe("t2");
  expect(hashOf(depot.whole()[0]!.bytes)).toBe(hashOf(bytes(100_000)));
});

describe("what the server says to a photo", () => {
  const cases: [string, PhotoFault, Photo["state"], string][] = [
    ["that it is no picture", { kind: "answer", status: 415, code: "not_a_picture" }, "refused", "not_a_picture"],
    ["that it is too large", { kind: "answer", status: 413, code: "too_large" }, "refused", "photo_too_large"],
    ["that it has no room", { kind: "answer", status: 507, code: "no_room" }, "waiting", "no_room"],
    ["that it was too many", { kind: "answer", status: 429, code: "too_many_uploads" }, "waiting", "too_many_uploads"],
    ["that it failed", { kind: "answer", status: 500, code: "server_error" }, "waiting", "server_error"],
    ["that it does not know the device", { kind: "answer", status: 401, code: "token_unknown" }, "waiting", "token_unknown"],
    ["that it speaks another tus", { kind: "answer", status: 412, code: "tus_version" }, "waiting", "tus_version"],
    ["a portal's page", { kind: "answer", status: 200 }, "waiting", "not_our_server"],
  ];
  test.each(cases)("%s is kept beside it, in words", async (_name, fault, state, code) => {
    const digest = await photographed(0);
    depot.faults.push(fault);
    await replica.sync("button");
    await eventually(() => expect(replica.photos.all.value[0]).toMatchObject({ state, problem: { code } }));
    expect(replica.photos.all.value[0]?.problem?.words.zh.length).toBeGreaterThan(8);
    expect(replica.status.value.photos).toMatchObject(state === "refused" ? { waiting: 0, refused: 1 } : { waiting: 1, refused: 0 });
    expect(await replica.photos.here(digest, "whole")).toMatchObject({ size: 300 });
    await reopened();
    expect(replica.photos.all.value[0]).toMatchObject({ state, problem: { code } });
    await replica.photos.retry(houseId(0), digest);
    await eventually(() => expect(states()).toEqual([["handed_in", 1]]));
  });

  test("a photo that is refused stops no other", async () => {
    await photographed(0, bytes(50, 1));
    await photographed(1, bytes(50, 2));
    depot.faults.push({ kind: "answer", status: 415, code: "not_a_picture" });
    await replica.sync("button");
    await eventually(() => expect(states().map(([state]) => state)).toEqual(["handed_in", "refused"]));
    await replica.photos.giveUp(houseId(0), hashOf(bytes(50, 1)));
    await replica.sync("button");
    expect(states().map(([state]) => state)).toEqual(["handed_in"]);
  });

  test("a proxy that lets no PATCH through, or only small pieces, is got around", async () => {
    await photographed(0, bytes(60_000));
    depot.pieceFaults.push({ kind: "answer", status: 413 }, { kind: "answer", status: 405 });
    await replica.sync("button");
    await settled();
    const pieces = depot.requests.filter(([, id, size]) => id !== "" && size > 0).map(([method, , size]) => [method, size]);
    expect(pieces[0]).toEqual(["PATCH", 60_000]);
    expect(pieces[1]).toEqual(["PATCH", 32_768]);
    expect(new Set(pieces.slice(2).map(([method]) => method))).toEqual(new Set(["POST"]));
  });

  test("damage on the way begins it anew; a photo that the disk lost is refused in words", async () => {
    const digest = await photographed(0);
    depot.pieceFaults.push({ kind: "answer", status: 422, code: "hash_wrong" });
    await replica.sync("button");
    await settled();
    const other = await photographed(1, bytes(90, 3));
    await replica.close();
    const database = await new Promise<IDBDatabase>((resolve) => {
      const opening = platform.indexedDB!.open(`yuanba-${replica.profile.id}`);
      opening.onsuccess = () => resolve(opening.result);
    });
    database.transaction("picture", "readwrite").objectStore("picture").delete(other);
    database.close();
    replica = await createEngine(platform).open(replica.profile.id);
    await replica.sync("button");
    await eventually(() => expect(replica.photos.all.value[0]).toMatchObject({ digest: other, state: "refused", problem: { code: "photo_lost" } }));
    expect(replica.photos.all.value[1]).toMatchObject({ digest, state: "handed_in" });
  });
});

test("work that is taken back before it was sent takes its photo along", async () => {
  const digest = await replica.photos.keep(blob(bytes(300)), THUMB, "household");
  const stamp = await replica.edit(houseId(0), { photo: digest }) as string;
  await replica.undo(stamp);
  expect(replica.status.value).toMatchObject({ waiting: 0, photos: { waiting: 0 }, what: "handed_in" });
  await replica.sync("button");
  expect(depot.uploads.size).toBe(0);
  platform.clock.nowMs += 2 * 3_600_000;
  await reopened();
  await eventually(async () => expect(await replica.photos.here(digest, "thumb")).toBeNull());
});

test("a photo of a form that is not saved is part of its draft, and is sent by nobody", async () => {
  const digest = await replica.photos.keep(blob(bytes(300)), THUMB, "household");
  replica.drafts.put({ key: "edit:x", purpose: "edit", type: "household", record: houseId(0), title: "x", values: { photo: digest } });
  await replica.drafts.flush();
  platform.clock.nowMs += 9 * 3_600_000;
  await reopened();
  await replica.sync("button");
  expect(depot.uploads.size).toBe(0);
  expect(await replica.photos.here(digest, "whole")).toMatchObject({ size: 300 });
  await replica.edit(houseId(0), { photo: digest }, { draft: "edit:x" });
  await replica.sync("button");
  await settled();
  expect(depot.whole()).toHaveLength(1);
});

test("a disk that is full keeps nothing of a photo, and says so", async () => {
  const { IDBObjectStore: FakeStore } = await import("fake-indexeddb");
  const spy = vi.spyOn(FakeStore.prototype as unknown as IDBObjectStore, "put").mockImplementation(() => {
    spy.mockRestore();
    throw new DOMException("no", "QuotaExceededError");
  });
  const keeping = replica.photos.keep(blob(bytes(300)), THUMB, "household");
  await expect(keeping).rejects.toMatchObject({ problem: { code: "storage_full" } });
  expect(replica.status.value.photos.kept).toBe(0);
  await photographed(0);
  await replica.sync("button");
  await settled();
});

test("the photo of a restricted record lies on the disk as noise", async () => {
  const data = new TextEncoder().encode("a face, again and again: a face") as Uint8Array<ArrayBuffer>;
  const digest = await replica.photos.keep(blob(data), blob(data), "secret");
  const kept = await new Promise<object[]>((resolve) => {
    const opening = platform.indexedDB!.open(`yuanba-${replica.profile.id}`);
    opening.onsuccess = () => {
      const asked = opening.result.transaction("picture").objectStore("picture").getAll();
      asked.onsuccess = () => resolve(asked.result as object[]);
    };
  });
  expect(Object.keys(kept[0]!)).toEqual(["atMs", "sealed"]);
  expect(Buffer.from((kept[0] as { sealed: { data: ArrayBuffer } }).sealed.data).includes("face")).toBe(false);
  expect(await (await replica.photos.here(digest, "whole"))!.text()).toContain("a face");
});

test("two tabs send each photo once, and both say what is so", async () => {
  const other = await createEngine(platform).open(replica.profile.id);
  await photographed(0, bytes(100_000, 1));
  await photographed(1, bytes(100_000, 2), other);
  await Promise.all([replica.sync("button"), other.sync("button")]);
  await eventually(() => expect(depot.whole()).toHaveLength(2));
  for (const tab of [replica, other]) await eventually(() => expect(states(tab).map(([state]) => state)).toEqual(["handed_in", "handed_in"]));
  expect(depot.sent()).toBe(200_000);
  await other.close();
});

test("others' photos are asked of the server, and what it says is told in words", async () => {
  const digest = await photographed(0);
  await expect(replica.photos.fetch(houseId(1), digest)).rejects.toMatchObject({ problem: { code: "on_its_way" } });
  depot.faults.push({ kind: "down" });
  await expect(replica.photos.fetch(houseId(0), digest)).rejects.toMatchObject({ problem: { code: "unreachable" } });
  depot.faults.push({ kind: "answer", status: 200 });
  await expect(replica.photos.fetch(houseId(0), digest)).rejects.toMatchObject({ problem: { code: "not_our_server" } });
});

test("a disk that fails in the middle stops no photo from leaving", async () => {
  const { IDBObjectStore: FakeStore } = await import("fake-indexeddb");
  const original = FakeStore.prototype.put;
  await photographed(0, bytes(100_000));
  let isFull = false;
  const spy = vi.spyOn(FakeStore.prototype as unknown as IDBObjectStore, "put").mockImplementation(function (this: IDBObjectStore, ...given) {
    if (isFull) throw new DOMException("no", "QuotaExceededError");
    return original.apply(this as never, given as never) as never;
  });
  const { fetch } = depot;
  vi.spyOn(platform, "fetch").mockImplementation((address, init) => {
    isFull = init.method === "PATCH";
    return fetch(address, init);
  });
  await reopened();
  await replica.sync("button");
  await eventually(() => expect(depot.whole()).toHaveLength(1));
  isFull = false;
  spy.mockRestore();
  vi.mocked(platform.fetch).mockRestore();
  await reopened();
  const before = depot.sent();
  await replica.sync("button");
  await settled();
  expect(depot.sent()).toBe(before);
});

test("thumbs of photos that the server has had for a season go", async () => {
  const digest = await photographed(0);
  await replica.sync("button");
  await settled();
  platform.clock.nowMs += 100 * 86_400_000;
  office.nowMs = platform.clock.nowMs;
  await reopened();
  await replica.sync("button");
  await eventually(async () => expect(await replica.photos.here(digest, "thumb")).toBeNull());
  expect(replica.view(houseId(0))?.get("photo")).toBe(digest);
});

test("a file of unsent work has the photos that wait in one of its own", async () => {
  const digest = await photographed(0, bytes(300));
  const files = await replica.exportUnsent();
  expect(files.map((one) => [one.count, one.photos])).toEqual([[1, 0], [0, 1]]);
  const text = Buffer.from(await files[1]!.blob.arrayBuffer());
  expect(text.includes(`k7m2p9q4/${houseId(0)}_${digest}.jpg`)).toBe(true);
  expect(text.includes(Buffer.from(bytes(300)))).toBe(true);
  await replica.sync("button");
  await settled();
  expect(await replica.exportUnsent()).toHaveLength(1);
});

test("photos that are too many for one file of unsent work make several", async () => {
  await photographed(0, bytes(300));
  await photographed(1, bytes(5_000_000, 2));
  await photographed(2, bytes(5_000_000, 3));
  expect((await replica.exportUnsent()).map((one) => one.photos)).toEqual([0, 2, 1]);
});
