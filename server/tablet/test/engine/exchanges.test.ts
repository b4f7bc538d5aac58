/** Exchanges over networks and servers that fail: nothing is lost, and the status says what is so. */
import { beforeEach, describe, expect, test } from "vitest";

import { createEngine } from "../../src/engine";
import type { Engine, Refusal, Replica } from "../../src/engine";
import { browser, type Browser } from "./platform";
import { FEED, GRID, houseId, Office, USER, type Fault } from "./office";

let office: Office;
let platform: Browser;
let engine: Engine;
let replica: Replica;

async function enrolled(): Promise<Replica> {
  const profile = await engine.enrol({ code: "abcd-1234", name: "王芳的平板" });
  return engine.open(profile.id);
}

beforeEach(async () => {
  office = new Office();
  for (let number = 0; number < 5; number += 1) office.write(houseId(number), { grid: GRID, phone: `${number}` }, "create");
  platform = browser(office.fetch);
  engine = createEngine(platform);
  replica = await enrolled();
});

/** What a new tab finds on the disk. */
async function reopened(): Promise<Replica> {
  const { id } = replica.profile;
  await replica.close();
  return createEngine(platform).open(id);
}

function phones(of: Replica = replica): unknown[] {
  return of.views("household").map((view) => view.get("phone"));
}

test("a first sync brings every record, and a new tab finds them on the disk", async () => {
  const status = await replica.sync("start");
  expect(status).toMatchObject({ what: "handed_in", reachable: true, next: { step: "rest" } });
  expect(status.firstSync).toMatchObject({ ready: true, received: 5, feedsDone: 1, feedsTotal: 1 });
  expect(phones()).toEqual(["0", "1", "2", "3", "4"]);
  expect(phones(await reopened())).toEqual(["0", "1", "2", "3", "4"]);
});

test("a first sync says how much will come, where the server does", async () => {
  office.hello = { expect: { [FEED]: 5, "grid:other": 7 } };
  office.faults.push({ kind: "none" }, { kind: "cut", after: 1_500 }); // The catalogue comes first.
  const { firstSync } = await replica.sync("start");
  expect(firstSync).toMatchObject({ ready: false, expected: 5, feedsDone: 0, feedsTotal: 1 });
  expect(firstSync.received).toBeGreaterThan(0);
  expect(firstSync.received).toBeLessThan(5);
  office.hello = {};
  expect((await replica.sync("start")).firstSync).toMatchObject({ ready: true, expected: 5, received: 5 });
});

test("work that was done offline survives a restart and is handed in once", async () => {
  await replica.sync("start");
  await replica.edit(houseId(0), { phone: "9" });
  const again = await reopened();
  expect(again.view(houseId(0))?.get("phone")).toBe("9");
  expect(again.status.value).toMatchObject({ what: "saved", waiting: 1 });
  expect(again.outbox().map((one) => [one.state, one.sent, one.was])).toEqual([["waiting", false, { phone: "0" }]]);
  await again.sync("button");
  expect(office.rows.get(houseId(0))?.get("phone")).toBe("9");
  expect(again.outbox()).toEqual([]);
  expect(office.known.size).toBe(1);
});

test("an answer that was lost after the server took the work changes nothing twice", async () => {
  await replica.sync("start");
  await replica.edit(houseId(0), { visits: { add: 1 } });
  office.faults.push({ kind: "cut", after: 0 });
  expect(await replica.sync("button")).toMatchObject({ what: "offline", waiting: 1, next: { step: "wait" } });
  const status = await replica.sync("button");
  expect(status).toMatchObject({ what: "handed_in", waiting: 0, kept: 0 });
  expect(replica.view(houseId(0))?.get("visits")).toBe(1);
  expect(office.rows.get(houseId(0))?.get("visits")).toBe(1);
});

test("an edit names the head that its author has seen, which an ack alone does not change", async () => {
  await replica.sync("start");
  const seen = replica.view(houseId(0))!.head;
  const headNamed = async (fields: { phone: string }) => {
    const stamp = await replica.edit(houseId(0), fields) as string;
    return [stamp, (replica.work(stamp)!.body.base as { "*": string })["*"]];
  };
  const [first, before] = await headNamed({ phone: "9" });
  expect(before).toBe(seen);
  // The ack arrives; what others did before it may still be on its way.
  office.faults.push({ kind: "lines", count: 2 });
  await replica.sync("button");
  expect([replica.status.value.waiting, replica.base(houseId(0))?.head]).toEqual([0, first]);
  expect((await headNamed({ phone: "7" }))[1]).toBe(seen);
  await replica.sync("button");
  const [last, after] = await headNamed({ phone: "6" });
  expect(after).toBe(replica.base(houseId(0))?.head);
  await replica.sync("button"); // Nothing is sent back: what was acknowledged is what is seen.
  expect((await headNamed({ phone: "5" }))[1]).toBe(last);
});

describe("whatever answers instead of the server", () => {
  const html = "<!doctype html>\n<title>Welcome</title>\n<p>Sign in to the hotel's Wi-Fi\n";
  const cases: [string, Fault, string, string][] = [
    ["no network", { kind: "down" }, "wait", "unreachable"],
    ["a portal's page", { kind: "answer", status: 200, body: html }, "wait", "not_our_server"],
    ["a portal's page without a line's end", { kind: "answer", status: 200, body: "<html>" }, "wait", "not_our_server"],
    ["a proxy's page", { kind: "answer", status: 502, body: html }, "wait", "server_error"],
    ["a portal that says so", { kind: "answer", status: 511, body: html }, "wait", "not_our_server"],
    ["nothing", { kind: "answer", status: 200, body: "" }, "wait", "not_our_server"],
    ["half a line", { kind: "cut", after: 30 }, "wait", "unreachable"],
    ["only a hello", { kind: "cut", after: 300 }, "wait", "answer_cut"],
    ["a failure", { kind: "answer", status: 500, body: '{"code": "server_error"}' }, "wait", "server_error"],
    ["a refusal", { kind: "answer", status: 403, body: '{"code": "hand_in_only", "definite": true, "detail": "No."}' }, "stop", "hand_in_only"],
    ["another server's JSON", { kind: "answer", status: 200, body: '{"ok": true}\n' }, "wait", "not_our_server"],
    ["an unknown token", { kind: "answer", status: 401, body: '{"code": "token_unknown", "definite": true}' }, "enrol", "token_unknown"],
    ["a newer protocol", { kind: "answer", status: 400, body: '{"code": "unsupported_protocol", "definite": true}' }, "update", "unsupported_protocol"],
  ];
  test.each(cases)("%s: the work stays and the status says it", async (_name, fault, step, code) => {
    await replica.sync("start");
    await replica.edit(houseId(0), { phone: "9" });
    office.faults.push(fault);
    const status = await replica.sync("button");
    expect(status).toMatchObject({ waiting: 1, next: { step, problem: { code } }, trouble: null });
    expect(status.next.problem?.words.zh).toMatch(/[一-鿿]/);
    expect(status.next.problem?.words.en).not.toContain("…");
    expect(phones()).toEqual(["9", "1", "2", "3", "4"]);
    expect(await replica.sync("button")).toMatchObject({ what: "handed_in", waiting: 0 });
    expect(office.rows.get(houseId(0))?.get("phone")).toBe("9");
  });
});

test("the server's own sentence and its waiting time reach the screen", async () => {
  const body = JSON.stringify({ code: "busy", definite: false, detail: "Gleich wieder.", retry_after_s: 90 });
  office.faults.push({ kind: "answer", status: 503, body });
  const { next } = await replica.sync("button");
  expect(next.problem?.told).toBe("Gleich wieder.");
  expect(next.atMs).toBe(platform.clock.nowMs + 90_000);
});

test("failures in a row wait longer and longer, and one whole answer ends that", async () => {
  office.faults.push(...Array.from({ length: 4 }, (): Fault => ({ kind: "down" })));
  const waits: number[] = [];
  for (let count = 0; count < 4; count += 1) {
    waits.push((await replica.sync("timer")).next.atMs! - platform.clock.nowMs);
  }
  expect(waits).toEqual([1_500, 3_000, 6_000, 12_000]);
  await replica.sync("timer");
  office.faults.push({ kind: "down" });
  expect((await replica.sync("timer")).next.atMs! - platform.clock.nowMs).toBe(1_500);
});

test("an answer cut at any byte keeps its whole lines, and the next one completes it", async () => {
  await replica.sync("start");
  await replica.edit(houseId(0), { visits: { add: 1 }, phone: "9" });
  office.write(houseId(1), { phone: "8" });
  office.write(houseId(2), {}, "delete");
  for (let after = 0; after < 3_000; after += 41) {
    const number = 100 + after;
    office.write(houseId(number), { grid: GRID, phone: "n" }, "create");
    await replica.edit(houseId(3), { visits: { add: 1 } });
    office.faults.push({ kind: "cut", after });
    await replica.sync("button");
    const status = await replica.sync("button");
    expect(status.next.step).toBe("rest");
    expect(office.rows.get(houseId(3))?.get("visits")).toBe(after / 41 + 1);
    const mine = replica.views("household").map((view) => [view.id, view.head, view.get("visits")]);
    const theirs = [...office.rows.values()].map((row) => [row.id, row.head, row.get("visits")]).sort();
    expect(mine).toEqual(theirs);
  }
});

test("the catalogue is asked for again after a day, and work does not wait for it", async () => {
  await replica.sync("start");
  const asked = () => office.requests.filter((one) => one.path === "catalogue").length;
  await replica.sync("timer");
  expect(asked()).toBe(1);
  platform.clock.nowMs += 86_400_001;
  office.nowMs += 86_400_001;
  office.tokens = { token: "t1", refresh: "r1" };
  office.faults.push({ kind: "none" }, { kind: "answer", status: 503, body: "" });
  expect((await replica.sync("timer")).next.step).toBe("rest");
  expect(asked()).toBe(2);
  expect(office.requests.find((one) => one.headers.get("if-none-match"))?.path).toBe("catalogue");
});

test("a token that has expired is refreshed, and a lost answer to that can be had again", async () => {
  await replica.sync("start");
  platform.clock.nowMs += 3_600_000;
  office.nowMs += 3_600_000;
  office.faults.push({ kind: "cut", after: 10 });
  expect(await replica.sync("timer")).toMatchObject({ next: { step: "wait" } });
  expect(await replica.sync("timer")).toMatchObject({ next: { step: "rest" } });
  const nonces = office.requests.filter((one) => one.path === "refresh").map((one) => one.body.nonce);
  expect(nonces).toHaveLength(2);
  expect(new Set(nonces).size).toBe(1);
});

test("a server that refuses a fresh token stops the loop instead of turning in it", async () => {
  const expired: Fault = { kind: "answer", status: 401, body: '{"code": "token_expired", "definite": true}' };
  await replica.sync("start");
  office.faults.push(expired);
  const before = office.requests.length;
  expect((await replica.sync("button")).next.step).toBe("rest");
  expect(office.requests.slice(before).map((one) => one.path)).toEqual(["exchange", "refresh", "exchange"]);
});

test("what is rejected is kept, told in words with its field, and can be sent again", async () => {
  await replica.sync("start");
  const refusal = { code: "bad_value", pointer: "/fields/phone", message: "“电话”的值不正确：太短。", definite: true };
  const stamp = await replica.edit(houseId(0), { phone: "1" }) as string;
  office.judge = (raw) => (raw.stamp === stamp ? { outcome: "rejected", problem: refusal } : null);
  const status = await replica.sync("button");
  expect(status).toMatchObject({ waiting: 0, kept: 1, words: { zh: "全部已上传；1 条等待处理" } });
  const work = replica.work(stamp)!;
  expect(work).toMatchObject({ state: "rejected", can: { undo: false, withdraw: true, resend: true } });
  expect(work.answer?.problem).toMatchObject({
    code: "bad_value", field: "phone", label: { zh: "电话" }, words: { zh: refusal.message },
  });
  expect(replica.view(houseId(0))?.marks.get("phone")).toEqual(["rejected"]);
  const again = await replica.resend(stamp, { phone: "13900000000" });
  expect(again).not.toBe(stamp);
  await replica.sync("button");
  expect(office.rows.get(houseId(0))?.get("phone")).toBe("13900000000");
  expect(replica.status.value.kept).toBe(0);
});

test("a device that may only hand in changes its outbox and keeps its records", async () => {
  await replica.sync("start");
  office.reads = null;
  office.hello = { problem: { code: "hand_in_only", message: "请联系管理员。", definite: true } };
  await replica.edit(houseId(0), { phone: "9" });
  const status = await replica.sync("button");
  expect(status).toMatchObject({ waiting: 0, next: { step: "stop", problem: { code: "hand_in_only" } } });
  expect(phones()).toEqual(["0", "1", "2", "3", "4"]);
});

test("an app that is too old is told to update, and still hands in", async () => {
  office.reads = null;
  office.hello = { problem: { code: "device_too_old", message: "…", definite: true } };
  expect((await replica.sync("start")).next).toMatchObject({ step: "update", problem: { code: "device_too_old" } });
});

test("another server's history gets back what this tablet knows", async () => {
  await replica.sync("start");
  await replica.edit(houseId(0), { phone: "9" });
  await replica.sync("button");
  const restored = new Office();
  for (let number = 0; number < 5; number += 1) {
    restored.write(houseId(number), { grid: GRID, phone: `${number}` }, "create");
  }
  [restored.epoch, restored.hello] = ["e2", { reset: [FEED] }];
  Object.assign(office, { rows: restored.rows, places: restored.places, epoch: "e2", hello: restored.hello });
  office.known.clear();
  await replica.sync("button");
  office.hello = {};
  expect(office.rows.get(houseId(0))?.get("phone")).toBe("9");
  expect(await replica.sync("button")).toMatchObject({ waiting: 0 });
});

test("why something was done leaves with what the server says was erased, whatever it changed", async () => {
  await replica.sync("start");
  await replica.make([{ kind: "edit", type: "household", record: houseId(0), fields: { phone: "9" }, extra: { reason: "她说的话" } }]);
  await replica.sync("button");
  office.epoch = "e2";
  office.judge = () => ({ outcome: "applied", repeated: true, problem: { code: "redacted" } });
  await replica.sync("button"); // Hears of the other history.
  await replica.sync("button");
  const handedIn = () => office.requests.filter((one) => one.body.operations?.length > 0);
  const times = handedIn().length;
  expect(JSON.stringify(handedIn()[times - 1]?.body)).toContain("她说的话");
  office.epoch = "e3";
  await replica.sync("button");
  expect(await replica.sync("button")).toMatchObject({ waiting: 0 });
  expect(handedIn()).toHaveLength(times);
});

test("a feed that differs is repaired bucket by bucket, and never wiped", async () => {
  await replica.sync("start");
  // The server's history and ours part without anybody having said so.
  const [lost, extra] = [office.rows.get(houseId(1))!, office.rows.get(houseId(2))!];
  office.rows.delete(extra.id);
  lost.put("phone", "changed", "0199a1b2c000-00ff-srv000000000");
  lost.head = "0199a1b2c000-00ff-srv000000000";
  const status = await replica.sync("button");
  expect(status.next.step).toBe("rest");
  expect(phones()).toEqual(["0", "changed", "3", "4"]);
  const repair = office.requests.filter((one) => one.path === "repair");
  expect(repair).toHaveLength(1);
  await replica.sync("button");
  expect(office.requests.filter((one) => one.path === "repair")).toHaveLength(1);
});

test("a server without the door for repairs is left alone", async () => {
  await replica.sync("start");
  office.rows.delete(houseId(2));
  office.canRepair = false;
  expect(await replica.sync("button")).toMatchObject({ next: { step: "rest" }, trouble: null });
  await replica.sync("button");
  expect(office.requests.filter((one) => one.path === "repair")).toHaveLength(1);
  expect(phones()).toEqual(["0", "1", "2", "3", "4"]);
});

test("the server wipes a lost tablet: database, tokens and the name in the list go", async () => {
  await replica.sync("start");
  await replica.edit(houseId(0), { phone: "9" });
  office.hello = { wipe: true };
  const status = await replica.sync("button");
  expect(status.next.step).toBe("wiped");
  expect(await engine.profiles()).toEqual([]);
  await expect(engine.open(replica.profile.id)).rejects.toMatchObject({ problem: { code: "no_profile" } });
  const left = await platform.indexedDB!.databases();
  expect(left.map((one) => one.name)).toEqual(["yuanba"]);
});

test("a lost tablet hands in all that waits before it is wiped, and shows nothing meanwhile", async () => {
  await replica.sync("start");
  for (let number = 0; number < 501; number += 1) await replica.edit(houseId(0), { phone: `1${number}` });
  office.hello = { wipe: true };
  office.faults.push({ kind: "none" }, { kind: "down" });
  const held = await replica.sync("button");
  expect(held.next.step).toBe("wait");
  expect(held.lease.expired).toBe(true);
  expect(office.known.size).toBe(500);
  expect((await replica.sync("button")).next.step).toBe("wiped");
  expect(office.known.size).toBe(501);
  expect(await engine.profiles()).toEqual([]);
});

describe("enrolling", () => {
  test("an answer that was lost burns nothing, also after a restart", async () => {
    const other = browser(office.fetch);
    office.faults.push({ kind: "cut", after: 0 });
    await expect(createEngine(other).enrol({ code: "new1", name: "x" })).rejects.toMatchObject({
      problem: { code: "unreachable" },
    });
    const profile = await createEngine(other).enrol({ code: "NEW-1", name: "x" });
    expect(profile).toMatchObject({ device: "k7m2p9q4", user: USER, hasPin: false });
  });

  test("a wrong code is refused with the server's sentence", async () => {
    const failed = createEngine(browser(office.fetch)).enrol({ code: "bad", name: "x" });
    await expect(failed).rejects.toMatchObject({
      problem: { code: "code_unknown", told: "the server's words for code_unknown", definite: true },
    });
  });

  test("a portal that answers is not taken for the server", async () => {
    office.faults.push({ kind: "answer", status: 200, body: "<html>" });
    const error = await createEngine(browser(office.fetch)).enrol({ code: "new2", name: "x" }).catch((one: Refusal) => one);
    expect((error as Refusal).problem.code).toBe("not_our_server");
  });

  test("enrolling anew keeps the unsent work under the profile", async () => {
    await replica.sync("start");
    await replica.edit(houseId(0), { phone: "9" });
    const { id } = replica.profile;
    const profile = await engine.enrol({ code: "fresh", name: "x", profile: id });
    expect(profile.id).toBe(id);
    expect(office.requests[office.requests.length - 1]?.body.replaces).toBe("k7m2p9q4");
    const again = await engine.open(id);
    expect(again.outbox()).toHaveLength(1);
    expect((await again.sync("button")).waiting).toBe(0);
  });
});
