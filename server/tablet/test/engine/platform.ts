/** A platform for tests: fake IndexedDB, a clock in the test's hand, no page, tabs that hear each other. */
import { IDBFactory } from "fake-indexeddb";

import type { Platform } from "../../src/engine/platform";

export const NOON = 1_763_900_000_000;

/** A clock that only a test moves. */
export class Clock {
  constructor(public nowMs = NOON) {}

  readonly read = () => this.nowMs;
}

/** Locks of one browser, as `navigator.locks` gives them out with `ifAvailable`. */
class TestLocks {
  private readonly held = new Set<string>();

  async request(name: string, _options: object, act: (lock: object | null) => Promise<unknown>): Promise<unknown> {
    if (this.held.has(name)) return act(null);
    this.held.add(name);
    try {
      return await act({ name });
    } finally {
      this.held.delete(name);
    }
  }
}

/** Channels between the tabs of one browser; what is said is heard a moment later. */
class TestChannels {
  private readonly open = new Map<string, Set<{ onmessage: ((event: { data: unknown }) => void) | null }>>();

  readonly channel = (name: string): BroadcastChannel => {
    const tabs = this.open.get(name) ?? new Set();
    this.open.set(name, tabs);
    const own = {
      onmessage: null as ((event: { data: unknown }) => void) | null,
      postMessage: (data: unknown) => {
        for (const tab of tabs) if (tab !== own) setTimeout(() => tab.onmessage?.({ data }), 0);
      },
      close: () => void tabs.delete(own),
    };
    tabs.add(own);
    return own as unknown as BroadcastChannel;
  };
}

export interface Browser extends Platform {
  readonly clock: Clock;
}

/** One browser: every tab of it is an engine on this platform. */
export function browser(fetch: Platform["fetch"], some: Partial<Platform> = {}): Browser {
  const clock = new Clock();
  const channels = new TestChannels();
  return {
    indexedDB: new IDBFactory(),
    crypto: globalThis.crypto,
    locks: new TestLocks() as unknown as LockManager,
    storage: null,
    page: null,
    fetch,
    channel: channels.channel,
    isSecure: true,
    hasServiceWorker: false,
    language: () => "zh",
    nowMs: clock.read,
    draw: () => 0.5,
    appVersion: "0.2.0",
    ...some,
    clock,
  };
}
