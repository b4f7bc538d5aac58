/**
 * The engine against a real server, over real HTTP. It runs where one is named:
 *
 *     TABLET_TEST_SERVER=http://127.0.0.1:8000 TABLET_TEST_CODE=… npm test -- served
 *
 * TABLET_TEST_CODE is a one-time code of a grid worker (`yuanba enrol NAME`).
 */
import { beforeAll, describe, expect, test } from "vitest";

import { createEngine } from "../../src/engine";
import type { Replica } from "../../src/engine";
import { openModel } from "../../src/model";
import { browser } from "./platform";

const server = process.env.TABLET_TEST_SERVER ?? "";
const code = process.env.TABLET_TEST_CODE ?? "";

describe.skipIf(server === "" || code === "")("with the server of TABLET_TEST_SERVER", () => {
  let replica: Replica;
  const sent: { path: string; up: number; down: number }[] = [];

  beforeAll(async () => {
    const platform = browser(async (address, init) => {
      const response = await fetch(address, init);
      const body = await response.arrayBuffer();
      const up = (init.body as Uint8Array | null)?.byteLength ?? 0;
      sent.push({ path: new URL(address).pathname, up, down: body.byteLength });
      const bare = [204, 304].includes(response.status) ? null : body;
      return new Response(bare, { status: response.status, headers: response.headers });
    });
    platform.clock.nowMs = Date.now();
    const engine = createEngine(platform);
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
    const stamp = await replica.edit(house!.id, { phone: "13900000000" });
    expect(replica.view(house!.id)?.badge).toBe("waiting");
    const status = await replica.sync("button");
    expect([status.what, status.waiting]).toEqual(["handed_in", 0]);
    expect(replica.base(house!.id)?.get("phone")).toBe("13900000000");
    expect(replica.work(stamp!)?.answer?.outcome).toBe("applied");
    model.close();
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
