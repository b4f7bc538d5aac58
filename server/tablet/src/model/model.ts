/**
 * The model of an open replica: what each screen of the work asks for, by name.
 *
 * Invariants
 *   * Signals change together, in one batch for each change that the replica tells of.
 *   * With the lease over, every list is empty and every record null.
 */
import { batch, computed, signal, type ReadonlySignal, type Signal } from "@preact/signals-core";

import type { Change, Replica, View } from "../engine";
import { Collections } from "./collections";
import type { Model, Views } from "./types";

type Listener = (change: Change, records: ReadonlyMap<string, View | null>) => void;

class ReplicaModel implements Model {
  readonly grids: Views;
  readonly notices: Views;
  readonly unread: Views;
  readonly me: ReadonlySignal<View | null>;
  private readonly collections: Collections;
  private readonly records = new Map<string, Signal<View | null>>();
  private readonly sorted = new Map<string, Views>();
  private readonly listeners = new Set<Listener>();
  private readonly end: () => void;

  constructor(private readonly replica: Replica) {
    this.collections = new Collections(replica);
    this.end = replica.onChange((change) => this.changed(change));
    this.me = this.record(replica.profile.user);
    this.grids = computed(() => this.ownGrids());
    // Ids are made in the order of time, so the newest notice is the last.
    this.notices = computed(() => [...this.type("notice").value].reverse());
    this.unread = computed(() => this.notices.value.filter((one) => one.get("read") !== true));
  }

  record(id: string): ReadonlySignal<View | null> {
    const known = this.records.get(id);
    if (known !== undefined) return known;
    const made = signal(this.replica.view(id));
    this.records.set(id, made);
    return made;
  }

  type(name: string): Views {
    return this.collections.type(name).views;
  }

  by(type: string, field: string, value: string): Views {
    return this.collections.index(type, field).of(value).views;
  }

  buildingsIn(grid: string): Views {
    return this.by("building", "grid", grid);
  }

  householdsIn(grid: string): Views {
    return this.by("household", "grid", grid);
  }

  householdsOf(building: string): Views {
    return this.by("household", "building", building);
  }

  residentsOf(household: string): Views {
    return this.by("resident", "household", household);
  }

  visitsOf(household: string): Views {
    const known = this.sorted.get(household);
    if (known !== undefined) return known;
    const visits = this.by("home_visit", "household", household);
    const atOf = (view: View) => Number(view.get("at") ?? 0);
    const made = computed(() => [...visits.value].sort((one, other) => atOf(other) - atOf(one)));
    this.sorted.set(household, made);
    return made;
  }

  ordersOf(household: string): Views {
    return this.by("work_order", "household", household);
  }

  onChange(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close(): void {
    this.end();
    this.listeners.clear();
  }

  private ownGrids(): readonly View[] {
    const own = new Set([
      ...this.collections.index("building", "grid").values.value,
      ...this.collections.index("household", "grid").values.value,
    ]);
    for (const one of this.type("assignment").value) {
      const feed = one.text("feed");
      if (feed.startsWith("grid:") && one.get("until") === null) own.add(feed.slice(5));
    }
    const grids = this.type("grid").value.filter((grid) => own.has(grid.id));
    const numberOf = (view: View) => Number(view.get("number") ?? 0);
    return grids.sort((one, other) => numberOf(one) - numberOf(other));
  }

  private changed(change: Change): void {
    const told = new Map<string, View | null>();
    batch(() => {
      if (change.whole) this.collections.reload();
      for (const id of change.records) {
        const view = this.replica.view(id);
        const shown = view !== null && !view.deleted && view.id === id ? view : null;
        told.set(id, shown);
        this.collections.change(id, shown);
      }
      // A record may stand for others, or be asked for under a former id: all that are shown.
      for (const [id, one] of this.records) {
        const standing = one.peek()?.id;
        const concerns = change.whole || change.records.has(id)
          || (standing !== undefined && change.records.has(standing));
        if (concerns) one.value = this.replica.view(id);
      }
    });
    for (const listener of [...this.listeners]) listener(change, told);
  }
}

/** The read model of an open replica. Close it before the replica. */
export function openModel(replica: Replica): Model {
  return new ReplicaModel(replica);
}
