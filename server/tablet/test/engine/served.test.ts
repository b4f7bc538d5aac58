/**
 * The engine against a real server, over real HTTP. It runs where one is named:
 *
 *     TABLET_TEST_SERVER=http://127.0.0.1:8000 TABLET_TEST_CODE=… npm test -- served
 *
 * TABLET_TEST_CODE is a one-time code of a grid worker (`yuanba enrol NAME`). With the other checks it
 * is run by `tests/browser/tablet/test_engine.py`.
 */
import { beforeAll, describe, expect, test } from "vitest";

import { createEngine } from "../../src/engine";
import type { Engine, Replica } from "../../src/engine";
import { counted } from "../../src/engine/digests";
import { IndexedDbDisk } from "../../src/engine/replica_indexeddb";
import { MemoryStorage } from "../../src/engine/replica_memory";
import { openModel } from "../../src/model";
import { browser, type Browser } from "./platform";

const server = process.env.TABLET_TEST_SERVER ?? "";
const code = process.env.TABLET_TEST_CODE ?? "";

describe.skipIf(server === "" || code === "")("with the server of TABLET_TEST_SERVER", () => {
  let replica: Replica;
  let engine: Engine;
  let platform: Browser;
  const sent: { path: string; up: number; down: number }[] = [];

  beforeAll(async () => {
    platform = browser(async (address, init) => {
      const response = await fetch(address, init);
      const body = await response.arrayBuffer();
      const up = (init.body as Uint8Array | null)?.byteLength ?? 0;
      sent.push({ path: new URL(address).pathname, up, down: body.byteLength });
      const bare = [204, 304].includes(response.status) ? null : body;
      return new Response(bare, { status: response.status, headers: response.headers });
    });
    platform.clock.nowMs = Date.now();
    engine = createEngine(platform);
    const profile = await engine.enrol({ code, name: "test", server });
    replica = await engine.open(profile.id);
  });

  test("a first sync brings every feed whole", async () => {
    const before = performance.now();
    const status = await replica.sync("start");
    console.log(`first sync: ${status.firstSync.received} records in ${Math.round(performance.now() - before)} ms`);
    expect(status.next).toEqual({ step: "rest", problem: null, atMs: null });
    expect(status.firstSync.ready).toBe(true);
    expect(replica.views("household").length).toBeGreaterThan(50);
  });

  test("an edit made here is handed in, and shown as the server has it", async () => {
    const model = openModel(replica);
    const [grid] = model.grids.value;
    const [house] = model.householdsIn(grid!.id).value;
    const phone = `139${String(Date.now()).slice(-8)}`;
    const stamp = await replica.edit(house!.id, { phone });
    expect(replica.view(house!.id)?.badge).toBe("waiting");
    const status = await replica.sync("button");
    expect([status.what, status.waiting]).toEqual(["handed_in", 0]);
    expect(replica.base(house!.id)?.get("phone")).toBe(phone);
    expect(replica.work(stamp!)?.answer?.outcome).toBe("applied");
    model.close();
  });

  test("a copy that was damaged is repaired, and no more than that is sent", async () => {
    const [wrong, lost] = replica.views("household");
    await replica.close();
    const disk = await IndexedDbDisk.open(platform.indexedDB!, replica.profile.id, () => false);
    const storage = new MemoryStorage(disk);
    await storage.load();
    await storage.write("mine", (shelf) => counted(shelf, [wrong!.id, lost!.id], () => {
      const stored = shelf.row(wrong!.id)!;
      shelf.saveRow({ ...stored, row: [stored.row[0]!, "0199a1b2c000-0000-srv000000000", ...stored.row.slice(2)] });
      shelf.dropRows([lost!.id]);
    }));
    disk.close();
    replica = await engine.open(replica.profile.id);
    sent.length = 0;
    expect(await replica.sync("button")).toMatchObject({ next: { step: "rest" }, trouble: null });
    console.log("repair:", sent);
    expect(sent.map((one) => one.path)).toEqual(["/sync/v1/exchange", "/sync/v1/repair"]);
    expect(replica.view(wrong!.id)?.head).toBe(wrong!.head);
    expect(replica.view(lost!.id)?.values()).toEqual(lost!.values());
    await replica.sync("button");
    expect(sent).toHaveLength(3);
  });

  test("a quiet exchange costs little", async () => {
    await replica.sync("timer");
    sent.length = 0;
    const status = await replica.sync("timer");
    expect(status.next.step).toBe("rest");
    console.log("quiet:", sent);
    expect(sent).toHaveLength(1);
    expect(Math.max(sent[0]!.up, sent[0]!.down)).toBeLessThan(1_500);
  });
});
