/** What a worker does with their own work: drafts, undoing, sending again, the lease, the PIN, the file. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { createEngine } from "../../src/engine";
import type { Engine, Json, Refusal, Replica } from "../../src/engine";
import { Loop } from "../../src/engine/loop";
import { eventually } from "../patience";
import { browser, type Browser } from "./platform";
import { FEED, GRID, houseId, Office, USER } from "./office";

const DAY_MS = 86_400_000;

let office: Office;
let platform: Browser;
let engine: Engine;
let replica: Replica;

beforeEach(async () => {
  office = new Office();
  office.hello = { lease_days: 14 };
  for (let number = 0; number < 3; number += 1) {
    office.write(houseId(number), { grid: GRID, phone: `${number}`, tags: ["a"], visits: 1 }, "create");
  }
  platform = browser(office.fetch);
  engine = createEngine(platform);
  const profile = await engine.enrol({ code: "1234", name: "王芳" });
  replica = await engine.open(profile.id);
  await replica.sync("start");
});

afterEach(() => {
  vi.useRealTimers();
});

async function refusalOf(work: Promise<unknown>): Promise<Refusal["problem"]> {
  const error = await work.then(() => null, (one: Refusal) => one);
  expect(error).not.toBeNull();
  return (error as Refusal).problem;
}

describe("working", () => {
  test("only what changed is queued, and nothing if nothing did", async () => {
    expect(await replica.edit(houseId(0), { phone: "0", tags: ["a"] })).toBeNull();
    const stamp = await replica.edit(houseId(0), { phone: "0", tags: ["a", "b"] });
    expect(replica.work(stamp!)?.fields).toEqual({ tags: { add: ["b"], remove: [] } });
  });

  test("what does not fit is refused with the field's label before anything is queued", async () => {
    const problem = await refusalOf(replica.edit(houseId(0), { phone: 7, householder: "张三" }));
    expect(problem).toMatchObject({
      code: "bad_value", field: "phone", pointer: "/fields/phone", label: { zh: "电话", en: "Phone" },
      words: { zh: "“电话”的值不正确：应为文字。", en: "The value of 'Phone' is not right: it must be text." },
    });
    expect(replica.outbox()).toEqual([]);
  });

  test("several drafts are queued together or not at all", async () => {
    const house = { kind: "edit", type: "household", record: houseId(0), fields: { visits: { add: 1 } } } as const;
    const order = { kind: "create", type: "work_order", record: replica.newId(), fields: { title: "路灯不亮" } } as const;
    expect(await refusalOf(replica.make([house, order]))).toMatchObject({ code: "missing_field", field: "grid" });
    expect(replica.outbox()).toEqual([]);
    const stamps = await replica.make([house, { ...order, fields: { ...order.fields, grid: GRID } }]);
    expect(stamps).toHaveLength(2);
    expect(replica.view(order.record)?.get("status")).toBe("reported");
    await replica.transition(order.record, "verified");
    expect(replica.view(order.record)?.get("status")).toBe("verified");
    await replica.sync("button");
    expect(office.rows.get(order.record)?.get("status")).toBe("verified");
  });

  test("a group is sent in one request and says how many belong to it", async () => {
    const edits = [0, 1].map((number) => (
      { kind: "edit", type: "household", record: houseId(number), fields: { visits: { add: 1 } } } as const
    ));
    const [one, two] = await replica.make(edits, { group: true });
    const group = replica.work(one!)?.body.group;
    expect(group).toEqual({ id: replica.work(two!)?.group, of: 2 });
  });

  test("a new record has an id of its time, and is shown before it is sent", async () => {
    const id = await replica.create("household", { grid: GRID, householder: "李四", phone: null });
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(parseInt(id.slice(0, 8) + id.slice(9, 13), 16)).toBe(platform.clock.nowMs);
    expect(replica.view(id)).toMatchObject({ badge: "waiting" });
    expect(replica.views("household")).toHaveLength(4);
    expect(replica.base(id)).toBeNull();
  });

  test("a deleted record is shown no more, and comes back when it is restored", async () => {
    await replica.remove(houseId(0));
    expect(replica.views("household")).toHaveLength(2);
    await replica.restore(houseId(0));
    expect(replica.views("household")).toHaveLength(3);
  });
});

describe("undoing", () => {
  test("what was never sent is simply taken out", async () => {
    const stamp = await replica.edit(houseId(0), { phone: "9" }) as string;
    expect(replica.work(stamp)?.can).toEqual({ undo: true, withdraw: true, resend: false });
    expect(await replica.undo(stamp)).toBe(stamp);
    expect(replica.outbox()).toEqual([]);
    expect(replica.view(houseId(0))?.get("phone")).toBe("0");
  });

  test("what was handed in is put back by an operation that says so", async () => {
    const stamp = await replica.edit(houseId(0), { phone: "9", tags: ["b"], visits: { add: 2 } }) as string;
    await replica.sync("button");
    const undoing = await replica.undo(stamp);
    expect(replica.work(undoing)).toMatchObject({
      kind: "edit", body: { undoes: stamp },
      fields: { phone: "0", tags: { add: ["a"], remove: ["b"] }, visits: { add: -2 } },
    });
    await replica.sync("button");
    const row = office.rows.get(houseId(0))!;
    expect([row.get("phone"), row.get("tags"), row.get("visits")]).toEqual(["0", ["a"], 1]);
  });

  test("puts back only what nobody has changed since, and says if nothing is left", async () => {
    const stamp = await replica.edit(houseId(0), { phone: "9" }) as string;
    await replica.sync("button");
    office.write(houseId(0), { phone: "8" });
    await replica.sync("button");
    expect(replica.work(stamp)?.can.undo).toBe(false);
    expect(await refusalOf(replica.undo(stamp))).toMatchObject({ code: "nothing_to_undo" });
  });

  test("takes nothing out from under what builds on it", async () => {
    const first = await replica.edit(houseId(0), { phone: "9" }) as string;
    const second = await replica.edit(houseId(0), { phone: "8" }) as string;
    expect(await refusalOf(replica.withdraw(first))).toMatchObject({ code: "already_sent" });
    await replica.undo(second);
    await replica.undo(first);
    expect(replica.outbox()).toEqual([]);
  });

  test("a new record goes with everything that was done to it", async () => {
    const id = await replica.create("household", { grid: GRID });
    await replica.edit(id, { phone: "1" });
    await replica.undo(replica.outbox({ record: id })[0]!.stamp);
    expect(replica.view(id)).toBeNull();
    expect(replica.outbox()).toEqual([]);
  });

  test("what may be with the server already cannot be taken out any more", async () => {
    const stamp = await replica.edit(houseId(0), { phone: "9" }) as string;
    office.faults.push({ kind: "down" });
    await replica.sync("button");
    expect(replica.work(stamp)).toMatchObject({ sent: true, can: { undo: true, withdraw: false } });
    expect(await refusalOf(replica.withdraw(stamp))).toMatchObject({ code: "already_sent" });
    const undoing = await replica.undo(stamp);
    expect(replica.view(houseId(0))?.get("phone")).toBe("0");
    expect(replica.work(undoing)?.body.base).toMatchObject({ phone: stamp });
  });

  test("of what another tab has sent this very moment is put back all the same", async () => {
    const stamp = await replica.edit(houseId(0), { phone: "9" }) as string;
    const deaf = createEngine({ ...platform, channel: () => null });
    const other = await deaf.open(replica.profile.id);
    office.faults.push({ kind: "down" });
    const following = vi.spyOn(Reflect.get(replica, "storage"), "follow").mockResolvedValue(undefined);
    await other.sync("button");
    following.mockRestore();
    expect(replica.work(stamp)).toMatchObject({ sent: false, can: { undo: true } });
    const undoing = await replica.undo(stamp);
    expect(undoing).not.toBe(stamp);
    expect(replica.view(houseId(0))?.get("phone")).toBe("0");
  });

  test("a held entry that is corrected stays, and the new one builds on it", async () => {
    const stamp = await replica.edit(houseId(0), { phone: "9" }) as string;
    const problem = { code: "review", pointer: null, message: "等待管理员审核。", definite: true };
    office.judge = (raw) => (raw.stamp === stamp ? { outcome: "held", problem } : null);
    await replica.sync("button");
    const again = await replica.resend(stamp, { phone: "8" });
    expect(replica.work(again)?.body.base).toMatchObject({ phone: stamp });
    expect(replica.work(stamp)?.state).toBe("held");
    await replica.withdraw(stamp);
    expect(replica.work(stamp)?.state).toBe("acknowledged");
  });

  test("a rejected new record is sent again under its own id", async () => {
    const id = await replica.create("household", { grid: GRID, phone: "1" });
    const { stamp } = replica.outbox({ record: id })[0]!;
    office.judge = (raw) => (raw.stamp === stamp ? { outcome: "rejected", problem: { code: "out_of_scope", definite: true, message: "不在范围内。" } } : null);
    await replica.sync("button");
    await replica.resend(stamp, { phone: "2" });
    await replica.sync("button");
    expect(office.rows.get(id)?.get("phone")).toBe("2");
    expect(replica.outbox()).toEqual([]);
  });
});

describe("form drafts", () => {
  const draft = (values: { [name: string]: Json }) => (
    { key: "visit:1", purpose: "visit", type: "home_visit", record: houseId(0), title: "走访", values }
  );

  test("are on the disk within 300 ms however fast somebody types", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    for (let ms = 0; ms < 300; ms += 50) {
      replica.drafts.put(draft({ notes: `${ms}` }));
      await vi.advanceTimersByTimeAsync(50);
    }
    vi.useRealTimers();
    await eventually(() => expect(replica.drafts.all.value).toHaveLength(1));
    const again = await createEngine(platform).open(replica.profile.id);
    expect(Number(again.drafts.get("visit:1")?.values.notes)).toBeGreaterThanOrEqual(100);
  });

  test("go in the same moment in which their work is queued", async () => {
    replica.drafts.put(draft({ notes: "a" }));
    await replica.drafts.flush();
    replica.drafts.put(draft({ notes: "ab" }));
    await replica.make([{ kind: "edit", type: "household", record: houseId(0), fields: { phone: "9" } }], { draft: "visit:1" });
    await replica.drafts.flush();
    expect(replica.drafts.all.value).toEqual([]);
    expect(replica.drafts.get("visit:1")).toBeUndefined();
  });

  test("stay when their work is refused", async () => {
    replica.drafts.put(draft({ notes: "ab" }));
    const edit = { kind: "edit", type: "household", record: houseId(0), fields: { phone: 7 } } as const;
    await refusalOf(replica.make([edit], { draft: "visit:1" }));
    await replica.drafts.flush();
    expect(replica.drafts.get("visit:1")?.values).toEqual({ notes: "ab" });
  });

  test("that the disk cannot take stay in memory, and are tried again", async () => {
    const { IDBObjectStore: Stores } = await import("fake-indexeddb");
    const spy = vi.spyOn(Stores.prototype as IDBObjectStore, "put").mockImplementation(() => {
      throw new DOMException("full", "QuotaExceededError");
    });
    replica.drafts.put(draft({ notes: "ab" }));
    expect(await refusalOf(replica.drafts.flush())).toMatchObject({ code: "storage_full" });
    spy.mockRestore();
    expect(replica.drafts.trouble.value?.code).toBe("storage_full");
    expect(replica.drafts.get("visit:1")?.values).toEqual({ notes: "ab" });
    await replica.drafts.flush();
    expect(replica.drafts.trouble.value).toBeNull();
    expect(replica.drafts.all.value).toHaveLength(1);
  });

  test("are never sent, and can be thrown away", async () => {
    replica.drafts.put(draft({ notes: "secret words" }));
    await replica.sync("button");
    expect(JSON.stringify(office.requests)).not.toContain("secret words");
    await replica.drafts.discard("visit:1");
    expect((await createEngine(platform).open(replica.profile.id)).drafts.all.value).toEqual([]);
  });
});

describe("the lease", () => {
  async function after(ms: number): Promise<Replica> {
    platform.clock.nowMs += ms;
    await replica.close();
    return engine.open(replica.profile.id);
  }

  test("counts the days since the last whole answer", async () => {
    expect(replica.status.value.lease).toEqual({ days: 14, daysLeft: 14, expired: false });
    const later = await after(10 * DAY_MS);
    expect(later.status.value.lease).toEqual({ days: 14, daysLeft: 4, expired: false });
  });

  test("once over, shows nothing but own work, until an exchange has succeeded", async () => {
    await replica.edit(houseId(0), { phone: "9" });
    const later = await after(15 * DAY_MS);
    expect(later.status.value.lease).toEqual({ days: 14, daysLeft: 0, expired: true });
    expect([later.view(houseId(0)), later.base(houseId(0)), later.views("household")]).toEqual([null, null, []]);
    expect(later.outbox()).toHaveLength(1);
    const changed = vi.fn();
    later.onChange(changed);
    office.nowMs += 15 * DAY_MS;
    office.tokens = { token: "t1", refresh: "r1" };
    expect(await later.sync("button")).toMatchObject({ lease: { expired: false }, waiting: 0 });
    expect(later.view(houseId(0))?.get("phone")).toBe("9");
    expect(changed).toHaveBeenCalledWith(expect.objectContaining({ whole: true }));
  });

  test("is not lengthened by a clock that is put back after work was done", async () => {
    platform.clock.nowMs += 15 * DAY_MS;
    await replica.edit(houseId(0), { phone: "9" });
    const later = await after(-15 * DAY_MS);
    expect(later.status.value.lease.expired).toBe(true);
  });

  test("has no end where the server sets none", async () => {
    office.hello = {};
    await replica.sync("button");
    const later = await after(900 * DAY_MS);
    expect(later.status.value.lease).toEqual({ days: 0, daysLeft: Infinity, expired: false });
  });
});

describe("the PIN", () => {
  test("locks with growing waits after five wrong ones, also after a restart", async () => {
    const { id } = replica.profile;
    await engine.setPin(id, "482913");
    expect((await engine.profiles())[0]?.hasPin).toBe(true);
    for (let count = 0; count < 4; count += 1) expect(await engine.checkPin(id, "0000")).toEqual({ ok: false, waitMs: 0 });
    expect(await engine.checkPin(id, "0000")).toEqual({ ok: false, waitMs: 30_000 });
    const restarted = createEngine(platform);
    expect(await restarted.checkPin(id, "482913")).toEqual({ ok: false, waitMs: 30_000 });
    platform.clock.nowMs += 30_000;
    expect(await restarted.checkPin(id, "482913")).toEqual({ ok: true });
    await restarted.setPin(id, null);
    expect(await restarted.checkPin(id, "")).toEqual({ ok: true });
  });

  test("counts tries that are made at once one by one", async () => {
    const { id } = replica.profile;
    await engine.setPin(id, "4829");
    const guesses = ["0", "1", "2", "3", "4", "5", "6", "7", "8"].map((digit) => (
      createEngine(platform).checkPin(id, digit.repeat(4))
    ));
    await Promise.all(guesses);
    expect(await engine.checkPin(id, "4829")).toMatchObject({ ok: false });
  });

  test("has 4 to 12 digits", async () => {
    expect(await refusalOf(engine.setPin(replica.profile.id, "12a4"))).toMatchObject({ code: "pin_form" });
  });
});

test("unsent work and drafts can be copied to a file that the device signs, without any token", async () => {
  await replica.edit(houseId(0), { phone: "13900000000" });
  replica.drafts.put({ key: "k", purpose: "p", type: null, record: null, title: "t", values: { a: 1 } });
  const [file, ...others] = await replica.exportUnsent();
  expect(others).toEqual([]);
  expect(file!.name).toMatch(/^yuanba-k7m2p9q4-\d{8}-\d{4}\.json$/);
  expect(file!.count).toBe(1);
  const text = await file!.blob.text();
  expect(text).not.toMatch(/t1|r1"|nonce/);
  const { bundle, payload, signature } = JSON.parse(text) as { bundle: number; payload: string; signature: string };
  expect(bundle).toBe(1);
  expect(JSON.parse(payload)).toMatchObject({
    protocol: 1, device: "k7m2p9q4", user: USER, schema: 3, checkpoint: { [FEED]: "3" },
    operations: [{ kind: "edit", fields: { phone: "13900000000" } }],
    drafts: [{ key: "k", values: { a: 1 } }],
  });
  const told = office.requests.find((one) => one.path === "enrol")!.body.key as string;
  const bytes = (base64: string) => Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
  const key = await crypto.subtle.importKey("raw", bytes(told), "Ed25519", true, ["verify"]);
  const message = new TextEncoder().encode(`yuanba bundle 1\n${payload}`);
  expect(await crypto.subtle.verify("Ed25519", key, bytes(signature), message)).toBe(true);
  expect(replica.outbox()).toHaveLength(1);
});

test("a huge outbox makes several files, and none of it is left out", async () => {
  const drafts = Array.from({ length: 5_003 }, () => (
    { kind: "edit", type: "household", record: houseId(0), fields: { visits: { add: 1 } } } as const
  ));
  await replica.make(drafts.slice(0, 3));
  const entries = replica.outbox();
  const { unsentFiles } = await import("../../src/engine/unsent");
  const many = drafts.map((_one, place) => ({ ...entries[0], body: { ...entries[0]!.body, stamp: `${place}` } }));
  const shelf = { inState: (state: string) => (state === "waiting" ? many : []), feeds: () => [], drafts: () => [] };
  const files = await unsentFiles(shelf as never, replica.profile, 3, platform.clock.nowMs, null);
  expect(files.map((file) => file.count)).toEqual([5_000, 3]);
  const payloads = await Promise.all(files.map(async (file) => JSON.parse((JSON.parse(await file.blob.text()) as { payload: string }).payload) as { operations: { stamp: string }[] }));
  expect(new Set(payloads.flatMap((one) => one.operations.map((raw) => raw.stamp))).size).toBe(5_003);
});

test("deleting a profile deletes its database, also while it is open in another tab", async () => {
  const other = createEngine(platform);
  await other.open(replica.profile.id);
  await engine.wipe(replica.profile.id);
  const left = await platform.indexedDB!.databases();
  expect(left.map((one) => one.name)).toEqual(["yuanba"]);
  expect(await other.profiles()).toEqual([]);
});

describe("the loop", () => {
  const rest = { step: "rest", problem: null, atMs: null } as const;

  function looped(): { loop: Loop; reasons: string[]; tell: (what: "online" | "visible" | "hidden") => void; flushed: () => number } {
    const reasons: string[] = [];
    let [heard, flushes]: [(what: "online" | "visible" | "hidden") => void, number] = [() => undefined, 0];
    const page = { isVisible: () => true, listen: (hear: typeof heard) => ((heard = hear), () => undefined) };
    const loop: Loop = new Loop(
      (reason) => {
        reasons.push(reason);
        return Promise.resolve();
      },
      () => (flushes += 1), page, () => Date.now(), () => 0,
    );
    return { loop, reasons, tell: (what) => heard(what), flushed: () => flushes };
  }

  test("exchanges at once, on a timer, when a network or a person comes back, and after work", () => {
    vi.useFakeTimers();
    const { loop, reasons, tell, flushed } = looped();
    loop.start();
    loop.ended(rest);
    vi.advanceTimersByTime(120_000);
    loop.ended(rest);
    tell("online"); // Moments after an exchange: not worth another.
    vi.advanceTimersByTime(6_000);
    tell("online");
    tell("visible");
    tell("hidden");
    loop.work(rest);
    vi.advanceTimersByTime(7_999);
    expect(reasons).toEqual(["start", "timer", "online", "visible"]);
    vi.advanceTimersByTime(1);
    expect(reasons.pop()).toBe("work");
    expect(flushed()).toBe(1);
  });

  test("hands work in at once when the tablet is put away", () => {
    vi.useFakeTimers();
    const { loop, reasons, tell, flushed } = looped();
    loop.start();
    loop.work(rest);
    tell("hidden");
    vi.advanceTimersByTime(60_000);
    expect(reasons).toEqual(["start", "work"]);
    expect(flushed()).toBe(1);
  });

  test("hands work in soon to a server that gives no records any more", () => {
    vi.useFakeTimers();
    const { loop, reasons } = looped();
    loop.start();
    loop.work({ step: "stop", problem: null, atMs: null });
    vi.advanceTimersByTime(8_000);
    expect(reasons).toEqual(["start", "work"]);
  });

  test("after a failure waits as it was told, and new work does not hurry it", () => {
    vi.useFakeTimers();
    const { loop, reasons } = looped();
    loop.start();
    const wait = { step: "wait", problem: null, atMs: Date.now() + 30_000 } as const;
    loop.ended(wait);
    loop.work(wait);
    vi.advanceTimersByTime(29_999);
    expect(reasons).toEqual(["start"]);
    vi.advanceTimersByTime(1);
    expect(reasons).toEqual(["start", "timer"]);
    loop.stop();
    loop.ended(rest);
    vi.advanceTimersByTime(DAY_MS);
    expect(reasons).toEqual(["start", "timer"]);
  });
});
