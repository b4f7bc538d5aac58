/** The read model: lists that follow each change, and nothing that did not change. */
import { computed, effect } from "@preact/signals-core";
import { beforeEach, expect, test, vi } from "vitest";

import { createEngine } from "../src/engine";
import type { Replica } from "../src/engine";
import { openModel, type Model } from "../src/model";
import { browser, type Browser } from "./engine/platform";
import { GRID, houseId, Office, USER } from "./engine/office";

let office: Office;
let platform: Browser;
let replica: Replica;
let model: Model;

beforeEach(async () => {
  office = new Office();
  for (let number = 0; number < 4; number += 1) {
    office.write(houseId(number), { grid: GRID, phone: `${number % 2}` }, "create");
  }
  platform = browser(office.fetch);
  const engine = createEngine(platform);
  const { id } = await engine.enrol({ code: "1234", name: "王芳" });
  replica = await engine.open(id);
  await replica.sync("start");
  model = openModel(replica);
});

const ids = (views: readonly { id: string }[]) => views.map((view) => view.id);

test("lists are of what is shown, in the order of ids, and follow own work and the server's", async () => {
  const list = model.type("household");
  expect(ids(list.value)).toEqual([0, 1, 2, 3].map(houseId));
  const id = await replica.create("household", { grid: GRID });
  expect(ids(list.value)).toContain(id);
  await replica.remove(houseId(1));
  office.write(houseId(2), {}, "delete");
  await replica.sync("button");
  expect(ids(list.value)).toEqual([houseId(0), houseId(3), id].sort());
});

test("lists by a value move a record whose value changed", async () => {
  const [even, odd] = [model.by("household", "phone", "0"), model.by("household", "phone", "1")];
  expect([ids(even.value), ids(odd.value)]).toEqual([[houseId(0), houseId(2)], [houseId(1), houseId(3)]]);
  await replica.edit(houseId(0), { phone: "1" });
  expect([ids(even.value), ids(odd.value)]).toEqual([[houseId(2)], [0, 1, 3].map(houseId)]);
  expect(model.by("household", "phone", "7").value).toEqual([]);
});

test("what is read first inside of a computed signal follows too", async () => {
  const count = computed(() => model.by("household", "phone", "9").value.length);
  const seen: number[] = [];
  const end = effect(() => void seen.push(count.value));
  await replica.edit(houseId(0), { phone: "9" });
  await replica.edit(houseId(0), { phone: "8" });
  end();
  expect(seen).toEqual([0, 1, 0]);
});

test("only what changed is drawn anew", async () => {
  const drawn = vi.fn();
  const ends = [
    effect(() => drawn("other", model.record(houseId(1)).value?.id)),
    effect(() => drawn("list", model.by("household", "phone", "1").value.length)),
    effect(() => drawn("record", model.record(houseId(0)).value?.get("phone"))),
  ];
  drawn.mockClear();
  await replica.edit(houseId(0), { householder: "李四" });
  expect(drawn.mock.calls).toEqual([["record", "0"]]);
  for (const end of ends) end();
});

test("who builds on the model is told of each record that changed, or went", async () => {
  const heard = vi.fn();
  model.onChange((change, records) => heard(change.by, [...records].map(([id, view]) => [id, view?.get("phone") ?? null])));
  await replica.edit(houseId(0), { phone: "9" });
  await replica.remove(houseId(1));
  expect(heard.mock.calls).toEqual([["mine", [[houseId(0), "9"]]], ["mine", [[houseId(1), null]]]]);
});

test("with the lease over every list is empty, and full again after an exchange", async () => {
  office.hello = { lease_days: 14 };
  await replica.sync("button");
  await replica.close();
  platform.clock.nowMs += 20 * 86_400_000;
  const later = await createEngine(platform).open(replica.profile.id);
  const fresh = openModel(later);
  const [list, house] = [fresh.type("household"), fresh.record(houseId(0))];
  expect([list.value, house.value]).toEqual([[], null]);
  office.nowMs = platform.clock.nowMs;
  await later.sync("button");
  expect(list.value).toHaveLength(4);
  expect(house.value?.get("phone")).toBe("0");
});

test("notices come newest first, and those that are not read are counted", async () => {
  const notice = (number: number) => `00000000-0000-7000-8000-0000000009${number}0`;
  for (const number of [1, 2, 3]) {
    office.write(notice(number), { user: USER, about: "x", outcome: "merged", text: `${number}` }, "create", "notice");
  }
  await replica.sync("button");
  expect(model.notices.value.map((one) => one.text("text"))).toEqual(["3", "2", "1"]);
  expect(model.unread.value).toHaveLength(3);
});

test("a model that was closed hears nothing any more", async () => {
  const list = model.type("household");
  model.close();
  await replica.remove(houseId(0));
  expect(list.value).toHaveLength(4);
});
