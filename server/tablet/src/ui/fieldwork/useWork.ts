/** Which grid and building a worker looks at: chosen once, remembered, and never one that is gone. */

import { computed, type ReadonlySignal, signal } from "@preact/signals";

import type { View } from "../../engine";
import type { Model } from "../../model";
import { useSession } from "../session";
import { recall, remember } from "./memory";
import { walkingKey } from "./search";

interface Work {
  /** The grid in sight; null while none has come. */
  grid: ReadonlySignal<string | null>;
  chooseGrid: (id: string) => void;
  /** The buildings of the grid, in walking order. */
  buildings: ReadonlySignal<readonly View[]>;
  /** The building in sight, within the grid. */
  building: ReadonlySignal<string | null>;
  chooseBuilding: (id: string) => void;
}

const made = new WeakMap<Model, Work>();

export function useWork(): Work {
  const { model, replica } = useSession();
  const found = made.get(model) ?? begin(model, replica.profile.id);
  made.set(model, found);
  return found;
}

const textOf = (value: unknown): string | null => (typeof value === "string" ? value : null);

const keyOf = (building: View): string =>
  walkingKey(building.text("compound"), building.text("number"));

const inWalkingOrder = (buildings: readonly View[]): View[] =>
  buildings
    .map((view) => ({ view, key: keyOf(view) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ view }) => view);

function begin(model: Model, profile: string): Work {
  const wantedGrid = signal(textOf(recall(profile, "grid")));
  const wantedBuilding = signal(textOf(recall(profile, "building")));
  const grid = computed(() => {
    const grids = model.grids.value;
    return (grids.find((one) => one.id === wantedGrid.value) ?? grids[0])?.id ?? null;
  });
  const buildings = computed(() =>
    inWalkingOrder(grid.value === null ? [] : model.buildingsIn(grid.value).value),
  );
  const building = computed(() => {
    const all = buildings.value;
    return (all.find((one) => one.id === wantedBuilding.value) ?? all[0])?.id ?? null;
  });
  return {
    grid,
    buildings,
    building,
    chooseGrid: (id) => {
      wantedGrid.value = id;
      remember(profile, "grid", id);
    },
    chooseBuilding: (id) => {
      wantedBuilding.value = id;
      remember(profile, "building", id);
    },
  };
}
