/**
 * Bad luck at random: networks that fail anywhere, tabs that die in the middle of a write, two
 * tabs at once. What a worker was told is saved is on the server in the end, once; photos too,
 * whole.
 *
 * A run that fails names its seed: `LUCK_SEED=17 npm test -- luck`; `LUCK_RUNS=1000` makes more.
 */
import { IDBObjectStore as FakeStore } from "fake-indexeddb";
import { afterEach, expect, test, vi } from "vitest";

import { createEngine } from "../../src/engine";
import type { Replica } from "../../src/engine";
import { eventually } from "../patience";
import { Depot, hashOf, type PhotoFault } from "./depot";
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
  readonly depot = new Depot(this.office);
  /** House and hash of each photo that the worker was told is saved with its work. */
  readonly photos = new Set<string>();
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
    this.office.catalogue = Depot.catalogue();
    this.platform = browser(this.depot.fetch);
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
    switch (this.draw(12)) {
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
      case 9:
      case 10:
        return this.photograph(tab, house);
      case 11: {
        const fault = this.photoFault();
        if (this.draw(2) === 0) this.depot.faults.push(fault);
        else this.depot.pieceFaults.push(fault);
        await tab.sync("button");
        return;
      }
      case 6: // A new tab; the older ones may live on, or were killed without a word.
        if (this.draw(2) === 0) this.tabs.length = 0;
        return this.open(this.tabs.length % 3);
      default:
        await tab.sync("button");
    }
  }

  /** A photo of a house, a new one each time; sometimes it is taken and no work names it. */
  private async photograph(tab: Replica, house: string): Promise<void> {
    this.made += 1;
    const bytes = new TextEncoder().encode(`photo ${this.made} `.repeat(1 + this.draw(9_000)));
    const digest = await tab.photos.keep(new Blob([bytes]), new Blob(["small"]), "household");
    if (this.draw(4) === 0) return;
    await tab.edit(house, { photo: digest });
    this.photos.add(`${house} ${digest}`);
  }

  private photoFault(): PhotoFault {
    const faults: PhotoFault[] = [
      { kind: "down" },
      { kind: "partial", bytes: this.draw(70_000) },
      { kind: "answer", status: [500, 502, 413, 405, 423][this.draw(5)] as number },
      { kind: "answer", status: 409, code: "offset_wrong" },
      { kind: "answer", status: 404, code: "not_found" },
      { kind: "answer", status: 422, code: "hash_wrong" },
    ];
    return faults[this.draw(faults.length)] as PhotoFault;
  }

  /** House and hash of each photo that the server has whole. */
  arrived(): Set<string> {
    return new Set(this.depot.whole().map((one) => {
      expect(hashOf(one.bytes)).toBe(one.hash);
      return `${one.record} ${one.hash}`;
    }));
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
    this.depot.faults.length = 0;
    this.depot.pieceFaults.length = 0;
    this.tabs.length = 0;
    await this.open(0);
    for (let count = 0; count < 3; count += 1) await this.tabs[0]!.sync("button");
    await eventually(async () => {
      const { photos } = await this.tabs[0]!.sync("button");
      expect(photos).toMatchObject({ waiting: 0, refused: 0 });
    });
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
  expect(story.arrived()).toEqual(story.photos);
  expect(story.office.requests.filter((one) => one.path === "repair")).toEqual([]);
});
