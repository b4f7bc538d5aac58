/**
 * What screens read: the replica's records as signals, indexed as screens ask for them.
 *
 * A screen names what it shows (`model.type("building")`, `residentsOf(id)`) and is drawn anew
 * when exactly that changes. Signals are made when they are first asked for and are shared.
 */
import type { ReadonlySignal } from "@preact/signals-core";

import type { Change, View } from "../engine";

export type Views = ReadonlySignal<readonly View[]>;

export interface Model {
  /** One record; null while it is not here. Follows an alias. */
  record(id: string): ReadonlySignal<View | null>;
  /** All shown records of a type, in the order of their ids (which is that of their making). */
  type(name: string): Views;
  /** The records of a type whose field (a reference or a text) has a value. */
  by(type: string, field: string, value: string): Views;

  /** Grids that this worker reads records of, by their number. */
  readonly grids: Views;
  buildingsIn(grid: string): Views;
  householdsIn(grid: string): Views;
  householdsOf(building: string): Views;
  residentsOf(household: string): Views;
  /** Home visits of a household, latest first. */
  visitsOf(household: string): Views;
  ordersOf(household: string): Views;

  /** Notices, newest first, and those that are not read yet. */
  readonly notices: Views;
  readonly unread: Views;

  /** The worker's own user record. */
  readonly me: ReadonlySignal<View | null>;

  /**
   * Every change after the signals have changed, for what is built on top (a search index):
   * `records` has the views that are shown now and the ids of those that are gone.
   */
  onChange(
    listener: (change: Change, records: ReadonlyMap<string, View | null>) => void,
  ): () => void;
  /** Let go of the replica. */
  close(): void;
}
