/** The search index over what this tablet holds: filled when first asked for, and kept true. */

import { signal } from "@preact/signals";

import type { View } from "../../engine";
import type { Model } from "../../model";
import { type Entry, SearchIndex } from "./search";
import { doorOf } from "./titles";

export interface Finder {
  readonly index: SearchIndex;
  /** Moves when what can be found has changed. */
  readonly version: { readonly value: number };
}

const made = new WeakMap<Model, Finder>();

export function finderOf(model: Model): Finder {
  let found = made.get(model);
  if (!found) {
    found = begin(model);
    made.set(model, found);
  }
  return found;
}

function begin(model: Model): Finder {
  const index = new SearchIndex();
  const version = signal(0);
  const fill = () => {
    for (const type of ["household", "resident"]) {
      for (const view of model.type(type).peek()) index.put(entryOf(view, model));
    }
  };
  fill();
  model.onChange((change, records) => {
    if (change.whole) {
      index.clear();
      fill();
    }
    for (const [id, view] of records) {
      if (!view || view.deleted) index.remove(id);
      else take(index, view, model);
    }
    version.value += 1;
  });
  return { index, version };
}

/** A changed building or household changes the doors of those in it. */
function take(index: SearchIndex, view: View, model: Model): void {
  if (view.type === "household" || view.type === "resident") index.put(entryOf(view, model));
  const within: readonly View[] =
    view.type === "building"
      ? model.householdsOf(view.id).peek()
      : view.type === "household"
        ? model.residentsOf(view.id).peek()
        : [];
  for (const one of within) take(index, one, model);
}

const NOWHERE = { compound: "", building: "", entrance: "", room: "" };

function entryOf(view: View, model: Model): Entry {
  const isHousehold = view.type === "household";
  const household = isHousehold ? view : model.record(view.text("household")).peek();
  return {
    id: view.id,
    kind: isHousehold ? "household" : "resident",
    household: household?.id ?? null,
    name: view.text(isHousehold ? "householder" : "name"),
    door: household ? doorOf(household, model) : NOWHERE,
    phone: view.text("phone"),
  };
}
