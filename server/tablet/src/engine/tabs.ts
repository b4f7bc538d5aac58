/**
 * Tabs: one sync at a time, and every tab shows the same.
 *
 * People open a second tab without knowing. Both may work; only one exchanges at a time, and
 * each hears what the other wrote. Web Locks end with their tab, so nobody waits for a tab
 * that died; where a browser has none, a note with an end time stands in for them.
 */
import type { MemoryStorage } from "./replica_memory";
import type { Json, Next } from "./types";

const NOTE_MS = 60_000;
const RENEW_MS = 20_000;

/** What tabs tell each other. */
export type Message =
  /** Something was written: read the journal. */
  | { readonly kind: "wrote" }
  /** An exchange began, or ended so. */
  | { readonly kind: "sync"; readonly sending: boolean; readonly next: Next; readonly reachable: boolean | null }
  /** The profile is gone. */
  | { readonly kind: "wiped" };

export class Tabs {
  private readonly channel: BroadcastChannel | null;

  constructor(
    private readonly name: string,
    private readonly locks: LockManager | null,
    open: (name: string) => BroadcastChannel | null,
    heard: (message: Message) => void,
  ) {
    this.channel = open(name);
    if (this.channel !== null) {
      this.channel.onmessage = (event: MessageEvent<Message>) => heard(event.data);
    }
  }

  say(message: Message): void {
    this.channel?.postMessage(message);
  }

  close(): void {
    this.channel?.close();
  }

  /** Do something (`what`) that only one tab may do at a time; null if another one is at it. */
  async alone<T>(
    storage: MemoryStorage, nowMs: () => number, act: () => Promise<T>, what: "sync" | "photos" = "sync",
  ): Promise<T | null> {
    if (this.locks !== null) {
      const options = { ifAvailable: true } as const;
      return this.locks.request(`${this.name}-${what}`, options, async (lock) => (
        lock === null ? null : await act()
      )) as Promise<T | null>;
    }
    const owner = String(Math.random());
    const note = `${what}_note`;
    if (!(await take(storage, note, owner, nowMs()))) return null;
    const timer = setInterval(() => void take(storage, note, owner, nowMs()).catch(() => false), RENEW_MS);
    try {
      return await act();
    } finally {
      clearInterval(timer);
      if (!storage.isEnded) await storage.write("mine", (shelf) => shelf.setMeta(note, null));
    }
  }
}

interface Note {
  readonly owner: string;
  readonly untilMs: number;
}

/** Write the note that this tab is at it, unless another's is still good. */
function take(storage: MemoryStorage, name: string, owner: string, nowMs: number): Promise<boolean> {
  return storage.write("mine", (shelf) => {
    const note = shelf.meta(name) as Note | null;
    // A note from a far future was written by a clock that has been put back since.
    const isGood = note !== null && note.untilMs > nowMs && note.untilMs <= nowMs + NOTE_MS;
    if (note !== null && isGood && note.owner !== owner) return false;
    shelf.setMeta(name, { owner, untilMs: nowMs + NOTE_MS } as { [name: string]: Json });
    return true;
  });
}
