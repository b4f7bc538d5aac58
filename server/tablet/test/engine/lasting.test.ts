/** What lasts beyond one piece of work: a month of it, a device enrolled anew, drafts on a full disk, looks that are told. */
import { beforeEach, expect, test, vi } from "vitest";

import { createEngine } from "../../src/engine";
import type { Engine, Replica } from "../../src/engine";
import { browser, type Browser } from "./platform";
import { GRID, houseId, Office } from "./office";

const DAY_MS = 86_400_000;

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

test("a month of work is listed without working out what can be done with each", async () => {
  for (let count = 0; count < 40; count += 1) await replica.edit(houseId(count % 3), { phone: `1${count}` });
  await replica.sync("button");
  const { shelf } = Reflect.get(replica, "storage") as { shelf: { inState: () => unknown } };
  const looked = vi.spyOn(shelf, "inState");
  expect(replica.outbox({ all: true })).toHaveLength(40);
  for (let house = 0; house < 3; house += 1) replica.outbox({ record: houseId(house), all: true });
  expect(looked).toHaveBeenCalledTimes(1);
});

test("a tablet enrolled anew counts its stamps by its clock again, once nothing of its own waits", async () => {
  const now = platform.clock.nowMs;
  const wallOf = (stamp: string | null) => parseInt(stamp!.slice(0, 12), 16);
  platform.clock.nowMs = now + 3_650 * DAY_MS;
  await replica.edit(houseId(0), { phone: "9" });
  platform.clock.nowMs = now;
  const enrolAnew = async (device: string) => {
    office.device = device;
    const { id } = await engine.enrol({ code: device, name: "x", profile: replica.profile.id });
    return engine.open(id);
  };
  let again = await enrolAnew("n3wd3v1c");
  expect(wallOf(await again.edit(houseId(1), { phone: "8" }))).toBeGreaterThan(now + 3_000 * DAY_MS);
  await again.sync("button");
  again = await enrolAnew("n3wd3v1d");
  expect(wallOf(await again.edit(houseId(1), { phone: "7" }))).toBe(now);
});

test("a draft that the disk does not take is trouble that the status tells of", async () => {
  const storage = Reflect.get(replica, "storage") as { write: () => Promise<unknown> };
  const full = vi.spyOn(storage, "write").mockRejectedValue(new DOMException("no", "QuotaExceededError"));
  replica.drafts.put({ key: "k", purpose: "visit", type: null, record: null, title: "t", values: { notes: "a" } });
  await replica.drafts.flush().catch(() => undefined);
  expect(replica.status.value.trouble?.code).toBe("storage_full");
  full.mockRestore();
  await replica.drafts.flush();
  expect(replica.status.value.trouble).toBeNull();
});

test("the status tells of a full disk no more once the work itself was saved", async () => {
  const storage = Reflect.get(replica, "storage") as { write: () => Promise<unknown> };
  const full = vi.spyOn(storage, "write").mockRejectedValue(new DOMException("no", "QuotaExceededError"));
  replica.drafts.put({ key: "k", purpose: "visit", type: null, record: null, title: "t", values: { notes: "a" } });
  await replica.drafts.flush().catch(() => undefined);
  await replica.edit(houseId(0), { phone: "9" }, { draft: "k" }).catch(() => undefined);
  expect(replica.status.value.trouble?.code).toBe("storage_full");
  full.mockRestore();
  await replica.edit(houseId(0), { phone: "9" }, { draft: "k" });
  await replica.drafts.flush();
  expect(replica.status.value.trouble).toBeNull();
});

test("a look at restricted facts is kept until it was told, whatever comes between", async () => {
  office.faults.push({ kind: "down" });
  await replica.noteLook(houseId(0), "准备走访");
  await replica.sync("button");
  expect(office.looks).toEqual([]);
  await replica.close();
  const again = await createEngine(platform).open(replica.profile.id);
  await again.noteLook(houseId(1), "核对更正");
  office.faults.push({ kind: "none" }, { kind: "down" });
  await again.sync("button");
  expect(again.status.value).toMatchObject({ what: "handed_in", next: { step: "rest" } });
  await again.sync("button");
  expect(office.looks.map((one) => [one.record, one.purpose, one.at])).toEqual([
    [houseId(0), "准备走访", platform.clock.nowMs], [houseId(1), "核对更正", platform.clock.nowMs],
  ]);
  await again.sync("button");
  expect(office.looks).toHaveLength(2);
});
