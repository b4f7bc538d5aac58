/** Photos of which somebody had what is known of them erased: their bytes go from the tablet too. */
import { beforeEach, expect, test } from "vitest";

import { createEngine } from "../../src/engine";
import type { Replica } from "../../src/engine";
import { eventually } from "../patience";
import { Depot } from "./depot";
import { GRID, houseId, Office } from "./office";
import { browser, type Browser } from "./platform";

let office: Office;
let depot: Depot;
let platform: Browser;
let replica: Replica;

const bytes = (size: number, seed = 1) => Uint8Array.from({ length: size }, (_unused, place) => (place * 31 + seed * 7) & 0xff);
const settled = () => eventually(() => expect(replica.status.value.photos).toMatchObject({ waiting: 0, sending: null }));

beforeEach(async () => {
  office = new Office();
  office.catalogue = Depot.catalogue();
  for (let number = 0; number < 4; number += 1) office.write(houseId(number), { grid: GRID, phone: `${number}` }, "create");
  depot = new Depot(office);
  platform = browser(depot.fetch);
  const engine = createEngine(platform);
  replica = await engine.open((await engine.enrol({ code: "1234", name: "王芳" })).id);
  await replica.sync("start");
});

/** Take a photo of a household, as its form does. */
async function photographed(number: number, data = bytes(300)): Promise<string> {
  const digest = await replica.photos.keep(new Blob([data]), new Blob(["small"]), "household");
  await replica.edit(houseId(number), { photo: digest });
  return digest;
}

/** Days go by, for tablet and server. */
function pass(days: number): void {
  platform.clock.nowMs += days * 86_400_000;
  office.nowMs = platform.clock.nowMs;
}

test("a value that was erased takes its photo from the disk", async () => {
  const digest = await photographed(0);
  await replica.sync("button");
  await settled();
  office.write(houseId(0), { photo: null });
  const row = office.rows.get(houseId(0))!;
  row.x = { _redacted: ["0199a1b2c000-ffff-srv000000000", ["photo"]] };
  await replica.sync("button");
  await eventually(async () => expect(await replica.photos.here(digest, "thumb")).toBeNull());
  expect(replica.photos.all.value).toEqual([]);
});

test("a photo is erased with a record of which no row comes, though its work was forgotten", async () => {
  const digest = await photographed(0);
  await photographed(1, bytes(300, 2));
  depot.faults.push({ kind: "down" });
  await replica.sync("button");
  await eventually(() => expect(replica.status.value.photos).toMatchObject({ waiting: 2, sending: null }));
  pass(20);
  await replica.sync("button");
  await settled();
  office.write(houseId(0), { photo: null });
  pass(15);
  await replica.sync("button");
  expect(await replica.photos.here(digest, "whole")).not.toBeNull();
  office.redacted = [houseId(0)];
  office.write(houseId(2), { phone: "7" });
  await replica.sync("button");
  await eventually(async () => expect(await replica.photos.here(digest, "thumb")).toBeNull());
  expect(replica.photos.all.value).toHaveLength(1);
});

test("a photo is erased with its record though the work that named it was forgotten", async () => {
  const [digest, other] = [await photographed(0), await photographed(1, bytes(300, 2))];
  depot.faults.push({ kind: "down" });
  await replica.sync("button");
  await eventually(() => expect(replica.status.value.photos).toMatchObject({ waiting: 2, sending: null }));
  pass(20);
  await replica.sync("button");
  await settled();
  pass(15);
  await replica.sync("button");
  expect(await replica.photos.here(digest, "whole")).not.toBeNull();
  for (const number of [0, 1]) {
    office.write(houseId(number), number === 0 ? { photo: null } : { phone: "7" });
    office.rows.get(houseId(number))!.x = { _redacted: ["0199a1b2c000-ffff-srv000000000", ["photo"]] };
  }
  await replica.sync("button");
  await eventually(async () => expect(await replica.photos.here(digest, "thumb")).toBeNull());
  expect(await replica.photos.here(digest, "whole")).toBeNull();
  expect(await replica.photos.here(other, "whole"), "that its record names still").not.toBeNull();
});
