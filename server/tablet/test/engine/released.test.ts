/**
 * Data of every released version of the app: an update loses nothing that waits.
 *
 * `released/version_N.json` is what version N of the database held on a tablet in the middle
 * of a day. Whoever adds a migration writes the next file, before releasing it, with
 *
 *     TABLET_WRITE_RELEASED=1 npm test -- released
 *
 * and never changes one that is there.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";

import { createEngine } from "../../src/engine";
import { MIGRATIONS } from "../../src/engine/replica_indexeddb";
import { eventually } from "../patience";
import { browser, NOON } from "./platform";
import { Depot } from "./depot";
import { GRID, houseId, Office } from "./office";

type Stores = { [store: string]: [IDBValidKey, unknown][] };
interface Released {
  readonly profile: { readonly id: string };
  readonly stores: Stores;
}

const folder = new URL("released/", import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
const newest = new URL(`version_${MIGRATIONS.length}.json`, folder);

function answered<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** JSON has no bytes: they are kept as base 64. */
const toJson = (_key: string, value: unknown): unknown => (
  value instanceof Uint8Array ? { $bytes: Buffer.from(value).toString("base64") } : value
);
const fromJson = (_key: string, value: unknown): unknown => {
  const kept = (value as { $bytes?: unknown } | null)?.$bytes;
  return typeof kept === "string" ? new Uint8Array(Buffer.from(kept, "base64")) : value;
};

/** Everything in a database but its key, which no file can hold. */
async function dumped(factory: IDBFactory, name: string): Promise<Stores> {
  const database = await answered(factory.open(name));
  const stores: Stores = {};
  for (const store of [...database.objectStoreNames].filter((one) => one !== "key")) {
    const open = database.transaction(store).objectStore(store);
    const [keys, values] = await Promise.all([answered(open.getAllKeys()), answered(open.getAll())]);
    stores[store] = keys.map((key, place) => [key, values[place] as unknown]);
  }
  database.close();
  return stores;
}

/** Put a tablet back as it was when version `version` ran on it. */
async function restored(factory: IDBFactory, version: number, { profile, stores }: Released): Promise<void> {
  const opening = factory.open(`yuanba-${profile.id}`, version);
  opening.onupgradeneeded = () => {
    for (const store of [...Object.keys(stores), "key"]) opening.result.createObjectStore(store);
  };
  const database = await answered(opening);
  for (const [store, rows] of Object.entries(stores)) {
    for (const [key, value] of rows) database.transaction(store, "readwrite").objectStore(store).put(value, key);
  }
  database.close();
  await createEngine(browser(() => Promise.reject(new TypeError()), { indexedDB: factory })).profiles();
  const directory = await answered(factory.open("yuanba"));
  await answered(directory.transaction("profile", "readwrite").objectStore("profile").put(profile));
  directory.close();
}

async function office(): Promise<Office> {
  const made = new Office();
  made.pageMax = 60;
  for (let number = 0; number < 60; number += 1) made.write(houseId(number), { grid: GRID, phone: `${number}` }, "create");
  return made;
}

/** A day's work: acknowledged, held, waiting, and a form that was begun. */
test.runIf(process.env.TABLET_WRITE_RELEASED)("write the data of the present version", async () => {
  expect(existsSync(newest), "a released version's data is never written again").toBe(false);
  const server = await office();
  server.catalogue = Depot.catalogue();
  const platform = browser(server.fetch);
  const engine = createEngine(platform);
  const { id } = await engine.enrol({ code: "1234", name: "王芳的平板" });
  const replica = await engine.open(id);
  await replica.sync("start");
  await replica.edit(houseId(0), { phone: "applied" });
  const held = await replica.edit(houseId(1), { phone: "held" });
  server.judge = (raw) => (raw.stamp === held ? { outcome: "held", problem: { code: "review", message: "…", definite: true } } : null);
  await replica.sync("button");
  await replica.edit(houseId(2), { phone: "waiting", visits: { add: 1 } });
  await replica.create("household", { grid: GRID, householder: "李四" }, { record: houseId(99) });
  await replica.edit(houseId(3), { photo: await replica.photos.keep(new Blob(["a photo"]), new Blob(["small"]), "household") });
  replica.drafts.put({ key: "visit:3", purpose: "visit", type: "household", record: houseId(3), title: "走访", values: { notes: "半句" } });
  await replica.close();
  const [profile] = (await dumpedProfiles(platform.indexedDB!)) as [Released["profile"]];
  const released: Released = { profile, stores: await dumped(platform.indexedDB!, `yuanba-${id}`) };
  writeFileSync(newest, `${JSON.stringify(released, toJson)}\n`);
});

async function dumpedProfiles(factory: IDBFactory): Promise<unknown[]> {
  const database = await answered(factory.open("yuanba"));
  const rows = await answered(database.transaction("profile").objectStore("profile").getAll());
  database.close();
  return rows;
}

test("there is data of every released version", () => {
  const wanted = MIGRATIONS.map((_migrate, place) => `version_${place + 1}.json`);
  expect(files.sort()).toEqual(wanted.sort());
});

test.each(files)("an update keeps what waits: %s", async (file) => {
  const released = JSON.parse(readFileSync(new URL(file, folder), "utf8"), fromJson) as Released;
  const hasPhotos = "photo" in released.stores;
  const server = await office();
  if (hasPhotos) server.catalogue = Depot.catalogue();
  const depot = new Depot(server);
  const platform = browser(depot.fetch);
  await restored(platform.indexedDB!, Number(/\d+/.exec(file)?.[0]), released);

  const replica = await createEngine(platform).open(released.profile.id);
  expect(replica.outbox().map((one) => [one.state, one.kind])).toEqual([
    ["held", "edit"], ["waiting", "edit"], ["waiting", "create"], ...(hasPhotos ? [["waiting", "edit"]] : []),
  ]);
  expect(replica.views("household")).toHaveLength(61);
  const phones = [0, 1, 2].map((number) => replica.view(houseId(number))?.get("phone"));
  expect(phones).toEqual(["applied", "held", "waiting"]);
  expect(replica.drafts.get("visit:3")?.values).toEqual({ notes: "半句" });
  expect(replica.status.value).toMatchObject({ waiting: hasPhotos ? 3 : 2, kept: 1, handedInMs: NOON });
  expect(replica.status.value.photos).toMatchObject({ waiting: hasPhotos ? 1 : 0, bytes: hasPhotos ? 7 : 0 });
  const status = await replica.sync("start");
  expect(status).toMatchObject({ waiting: 0, next: { step: "rest" } });
  expect(server.rows.get(houseId(2))?.get("phone")).toBe("waiting");
  expect(server.rows.get(houseId(99))?.get("householder")).toBe("李四");
  if (hasPhotos) await eventually(() => expect(depot.texts()).toEqual(["a photo"]));
});
