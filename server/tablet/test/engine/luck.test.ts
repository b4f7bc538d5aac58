/**
 * Bad luck at random: networks that fail anywhere, tabs that die in the middle of a write, two
 * tabs at once. What a worker was told is saved is on the server in the end, once.
 *
 * A run that fails names its seed: `LUCK_SEED=17 npm test -- luck`; `LUCK_RUNS=1000` makes more.
 */
import { IDBObjectStore as FakeStore } from "fake-indexeddb";
import { afterEach, expect, test, vi } from "vitest";

import { createEngine } from "../../src/engine";
import type { Replica } from "../../src/engine";
import { browser, type Browser } from "./platform";
import { GRID, houseId, Office } from "./office";

const SEEDS = process.env.LUCK_SEED === undefined
  ? Array.from({ length: Number(process.env.LUCK_RUNS ?? 25) }, (_unused, place) => place + 1) : [Number(process.env.LUCK_SEED)];
const STEPS = 25;

afterEach(() => {
  vi.restoreAllMocks();
});

/** Numbers that look drawn and follow from a seed. */
function drawn(seed: number): (below: number) => number {
  let state = seed * 7_919 + 1;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

class Story {
  readonly office = new Office();
  readonly platform: Browser;
  readonly draw: (below: number) => number;
  /** House → how many visits the worker was told are saved. */
  readonly told = new Map<string, number>();
  private readonly tabs: Replica[] = [];
  private profile = "";
  private made = 0;

  constructor(seed: number) {
    this.draw = drawn(seed);
    for (let number = 0; number < 4; number += 1) {
      this.office.write(houseId(number), { grid: GRID, visits: 0 }, "create");
      this.told.set(houseId(number), 0);
    }
    this.platform = browser(this.office.fetch);
  }

  async begin(): Promise<void> {
    this.profile = (await createEngine(this.platform).enrol({ code: "1234", name: "x" })).id;
    await this.open(0);
    await this.tabs[0]!.sync("start");
  }

  private async open(place: number): Promise<void> {
    this.tabs[place] = await createEngine(this.platform).open(this.profile);
  }

  async step(): Promise<void> {
    this.platform.clock.nowMs += this.draw(5_000) - 1_000; // Clocks jump back, too.
    const place = this.draw(this.tabs.length);
    const tab = this.tabs[place] as Replica;
    // A worker changes what this tab shows; another tab's new record may not have come yet.
    const houses = tab.views("household").map((view) => view.id);
    const house = houses[this.draw(houses.length)] as string;
    switch (this.draw(9)) {
      case 0:
      case 1: {
        await tab.edit(house, { visits: { add: 1 } });
        this.told.set(house, (this.told.get(house) ?? 0) + 1);
        return;
      }
      case 2: {
        const id = houseId(100 + (this.made += 1));
        await tab.create("household", { grid: GRID, visits: 1 }, { record: id });
        this.told.set(id, 1);
        return;
      }
      case 3:
        this.office.write(houseId(this.draw(4)), { visits: { add: 10 } });
        return;
      case 4:
        this.office.faults.push(this.draw(2) === 0 ? { kind: "down" } : { kind: "cut", after: this.draw(2_500) });
        await tab.sync("button");
        return;
      case 5:
        return this.dying(place, house);
      case 6: // A new tab; the older ones may live on, or were killed without a word.
        if (this.draw(2) === 0) this.tabs.length = 0;
        return this.open(this.tabs.length % 3);
      default:
        await tab.sync("button");
    }
  }

  /** The tab is killed in the middle of saving. Nobody was told that it is saved. */
  private async dying(place: number, house: string): Promise<void> {
    let left = this.draw(5);
    const put = FakeStore.prototype.put;
    const spy = vi.spyOn(FakeStore.prototype as IDBObjectStore, "put").mockImplementation(function (this: IDBObjectStore, ...given) {
      if (left === 0) this.transaction.abort();
      left -= 1;
      return put.apply(this as never, given as never) as unknown as IDBRequest<IDBValidKey>;
    });
    const saved = await this.tabs[place]!.edit(house, { visits: { add: 1 } }).then(() => true, () => false);
    spy.mockRestore();
    if (saved) this.told.set(house, (this.told.get(house) ?? 0) + 1);
    await this.open(place);
  }

  async end(): Promise<void> {
    this.office.faults.length = 0;
    this.tabs.length = 0;
    await this.open(0);
    for (let count = 0; count < 3; count += 1) await this.tabs[0]!.sync("button");
  }

  /** House → visits of the worker, on the server and here; what the office added left out. */
  visits(): [string, number, number][] {
    return [...this.told.keys()].sort().map((house) => {
      const server = Number(this.office.rows.get(house)?.get("visits"));
      return [house, server, Number(this.tabs[0]!.view(house)?.get("visits"))];
    });
  }

  wanted(): [string, number, number][] {
    const office = (house: string) => 10 * (this.added.get(house) ?? 0);
    return [...this.told].sort().map(([house, count]) => [house, count + office(house), count + office(house)]);
  }

  readonly added = new Map<string, number>();
}

test.each(SEEDS)("whatever happens, what was saved is handed in once (seed %i)", async (seed) => {
  const story = new Story(seed);
  const write = story.office.write.bind(story.office);
  story.office.write = (record, fields, ...more) => {
    if ((fields.visits as { add?: number } | undefined)?.add === 10) {
      story.added.set(record, (story.added.get(record) ?? 0) + 1);
    }
    return write(record, fields, ...more);
  };
  await story.begin();
  for (let count = 0; count < STEPS; count += 1) await story.step();
  await story.end();
  expect(story.visits()).toEqual(story.wanted());
  expect(story.office.requests.filter((one) => one.path === "repair")).toEqual([]);
});
