/**
 * Collections: the shown records of each type, and those with one value in a field.
 *
 * Ten thousand residents are sorted and indexed once, when they are first asked for; after
 * that each change touches what it concerns.
 *
 * Invariants
 *   * A collection holds what `replica.view` shows now: no deleted record, none that another
 *     one stands for.
 *   * A list that did not change stays the same array.
 */
import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals-core";

import type { Json, Replica, View } from "../engine";
import type { Views } from "./types";

/** One list: its members by id, and a signal that says when they changed. */
class List {
  readonly members = new Map<string, View>();
  private readonly changed: Signal<number> = signal(0);

  readonly views: Views = computed(() => {
    void this.changed.value;
    return [...this.members.values()].sort((one, other) => (one.id < other.id ? -1 : 1));
  });

  set(id: string, view: View | null): void {
    if (view === null) {
      if (!this.members.delete(id)) return;
    } else if (this.members.get(id) === view) {
      return;
    } else {
      this.members.set(id, view);
    }
    this.changed.value = this.changed.peek() + 1;
  }

  clear(): void {
    if (this.members.size === 0) return;
    this.members.clear();
    this.changed.value = this.changed.peek() + 1;
  }
}

/** The records of one type by the value of one field. */
class Index {
  private readonly lists = new Map<string, List>();
  /** Says when a value got its first record, or lost its last. */
  private readonly changed: Signal<number> = signal(0);

  constructor(private readonly field: string) {}

  /** The values that some record has now. */
  readonly values: ReadonlySignal<readonly string[]> = computed(() => {
    void this.changed.value;
    return [...this.lists].filter(([, list]) => list.members.size > 0).map(([value]) => value);
  });

  of(value: string): List {
    const known = this.lists.get(value);
    if (known !== undefined) return known;
    const made = new List();
    this.lists.set(value, made);
    return made;
  }

  move(id: string, before: View | null, view: View | null): void {
    const [from, to] = [this.valueOf(before), this.valueOf(view)];
    if (from !== null && from !== to) this.put(from, id, null);
    if (to !== null) this.put(to, id, view);
  }

  clear(): void {
    for (const list of this.lists.values()) list.clear();
    this.changed.value = this.changed.peek() + 1;
  }

  private put(value: string, id: string, view: View | null): void {
    const list = this.of(value);
    const wasEmpty = list.members.size === 0;
    list.set(id, view);
    if (wasEmpty !== (list.members.size === 0)) this.changed.value = this.changed.peek() + 1;
  }

  private valueOf(view: View | null): string | null {
    const value: Json = view?.get(this.field) ?? null;
    return value === null ? null : String(value);
  }
}

/** Everything that is shown, as far as somebody has asked for it. */
export class Collections {
  private readonly types = new Map<string, List>();
  private readonly indexes = new Map<string, Map<string, Index>>();

  constructor(private readonly replica: Replica) {}

  type(name: string): List {
    const known = this.types.get(name);
    if (known !== undefined) return known;
    const made = new List();
    this.types.set(name, made);
    for (const view of this.replica.views(name)) made.set(view.id, view);
    return made;
  }

  index(type: string, field: string): Index {
    const all = this.type(type);
    const fields = this.indexes.get(type) ?? new Map<string, Index>();
    this.indexes.set(type, fields);
    const known = fields.get(field);
    if (known !== undefined) return known;
    const made = new Index(field);
    fields.set(field, made);
    for (const [id, view] of all.members) made.move(id, null, view);
    return made;
  }

  /** A record may be shown otherwise now. */
  change(id: string, view: View | null): void {
    for (const [type, list] of this.types) {
      const before = list.members.get(id) ?? null;
      const now = view?.type === type ? view : null;
      if (before === now) continue;
      list.set(id, now);
      for (const index of this.indexes.get(type)?.values() ?? []) index.move(id, before, now);
    }
  }

  /** Take everything anew. */
  reload(): void {
    for (const [type, list] of this.types) {
      list.clear();
      for (const index of this.indexes.get(type)?.values() ?? []) index.clear();
      for (const view of this.replica.views(type)) this.change(view.id, view);
    }
  }
}
