/**
 * As much of a browser as the router and the words need: a history that walks in its own
 * time, an address, a document. What a real one does beyond that is in tests/browser.
 */

import { vi } from "vitest";

interface Entry {
  hash: string;
  state: unknown;
}

export class FakeBrowser {
  entries: Entry[];
  index = 0;
  private walking = 0;
  private readonly heard = new Map<string, ((event: unknown) => void)[]>();

  constructor(hash = "") {
    this.entries = [{ hash, state: null }];
    const { entries } = this;
    const at = () => entries[this.index] as Entry;
    const write = (state: unknown, url?: string) => ({
      hash: url === undefined ? at().hash : url.slice(url.indexOf("#")),
      state,
    });
    vi.stubGlobal("location", {
      get hash() {
        return at().hash;
      },
    });
    vi.stubGlobal("history", {
      scrollRestoration: "auto",
      get state() {
        return at().state;
      },
      pushState: (state: unknown, _title: string, url?: string) => {
        const made = write(state, url);
        entries.splice(this.index + 1, entries.length, made);
        this.index += 1;
      },
      replaceState: (state: unknown, _title: string, url?: string) => {
        entries[this.index] = write(state, url);
      },
      go: (steps: number) => this.walk(steps),
    });
    vi.stubGlobal("document", { documentElement: {}, addEventListener: () => undefined });
    vi.stubGlobal("addEventListener", (name: string, act: (event: unknown) => void) => {
      this.heard.set(name, [...(this.heard.get(name) ?? []), act]);
    });
    vi.stubGlobal("scrollTo", () => undefined);
    vi.stubGlobal("scrollY", 0);
    vi.stubGlobal("requestAnimationFrame", () => 0);
  }

  /** What the Back button of the system does; it, too, takes its time. */
  back(): Promise<void> {
    this.walk(-1);
    return this.settled();
  }

  /** Addresses in the history, the open one in brackets. */
  get trail(): string {
    return this.entries
      .map(({ hash }, at) => (at === this.index ? `[${hash}]` : hash))
      .join(" ");
  }

  /** Until no walk is under way; however long the machine takes to walk. */
  async settled(): Promise<void> {
    do await new Promise((resolve) => setTimeout(resolve, 2));
    while (this.walking > 0);
  }

  private walk(steps: number): void {
    const target = this.index + steps;
    if (target < 0 || target >= this.entries.length) return;
    this.walking += 1;
    setTimeout(() => {
      this.walking -= 1;
      this.index = target;
      for (const act of this.heard.get("popstate") ?? []) act({ state: this.entries[target]?.state });
    }, 1);
  }
}
