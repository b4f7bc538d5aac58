/**
 * Form drafts: what stands in a form that nobody has saved yet.
 *
 * A worker puts the tablet down in the middle of a form, and the battery dies. What was typed
 * is on the disk a moment later, whatever happens; if the disk cannot take it, it stays in
 * memory, is tried again, and the screen is told.
 *
 * Invariants
 *   * What was put is on the disk within 300 ms, however fast somebody types.
 *   * `get` gives what was put last, saved or not.
 *   * Nothing here is ever sent.
 */
import { signal, type ReadonlySignal } from "@preact/signals-core";

import { problemOf, Refused } from "./problems";
import type { MemoryStorage } from "./replica_memory";
import type { Drafts, FormDraft, Problem } from "./types";
import { same } from "./values";

const SAVE_MS = 150;
const AGAIN_MS = 2_000;

export class FormDrafts implements Drafts {
  readonly all: ReadonlySignal<readonly FormDraft[]>;
  readonly trouble: ReadonlySignal<Problem | null>;
  private readonly list = signal<readonly FormDraft[]>([]);
  private readonly problem = signal<Problem | null>(null);
  /** Put and not on the disk yet. */
  private readonly fresh = new Map<string, FormDraft>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** `troubled` is called when `trouble` has changed. */
  constructor(
    private readonly storage: MemoryStorage, private readonly nowMs: () => number,
    private readonly troubled: () => void = () => undefined,
  ) {
    this.all = this.list;
    this.trouble = this.problem;
    this.look();
  }

  get(key: string): FormDraft | undefined {
    return this.fresh.get(key) ?? this.storage.shelf.drafts().find((one) => one.key === key);
  }

  put(draft: Omit<FormDraft, "savedMs">): void {
    this.fresh.set(draft.key, { ...draft, values: { ...draft.values }, savedMs: this.nowMs() });
    this.soon(SAVE_MS);
  }

  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const saving = [...this.fresh];
    if (saving.length === 0) {
      // What could not be kept has gone into work since, or was discarded.
      this.say(null);
      return;
    }
    try {
      await this.storage.write("mine", (shelf) => {
        for (const [, draft] of saving) shelf.saveDraft(draft);
      });
    } catch (error) {
      const refused = error instanceof Refused ? error : new Refused(problemOf(error));
      this.say(refused.problem);
      this.soon(AGAIN_MS);
      throw refused;
    }
    for (const [key, draft] of saving) if (this.fresh.get(key) === draft) this.fresh.delete(key);
    this.say(null);
    this.look();
  }

  private say(problem: Problem | null): void {
    if (same(this.problem.peek(), problem)) return;
    this.problem.value = problem;
    this.troubled();
  }

  async discard(key: string): Promise<void> {
    this.take(key);
    await this.storage.write("mine", (shelf) => {
      if (shelf.drafts().some((one) => one.key === key)) shelf.dropDraft(key);
    });
    this.look();
  }

  /**
   * What was put and is not on the disk yet, which is not written any more: its work is being
   * queued. Put it again if that does not come off.
   */
  take(key: string): FormDraft | undefined {
    const draft = this.fresh.get(key);
    this.fresh.delete(key);
    return draft;
  }

  /** Show what is kept now. */
  look(): void {
    const kept = [...this.storage.shelf.drafts()];
    this.list.value = kept.sort((one, other) => other.savedMs - one.savedMs);
  }

  /** No more timers. */
  stop(): void {
    clearTimeout(this.timer);
  }

  private soon(ms: number): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.flush().catch(() => undefined);
    }, ms);
  }
}
