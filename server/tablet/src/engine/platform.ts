/**
 * The platform: everything of a browser that the engine uses, in one place.
 *
 * The engine's logic reads no clock, draws nothing and opens nothing of its own: it is handed
 * this. A test hands in another, a server-side test that of Node; and what an old browser
 * lacks is missing here, visibly, instead of failing somewhere.
 */
import type { Fetch } from "./transport";

/** What of a page tells that it may be gone in a moment, or is looked at again. */
export interface PageEvents {
  /** Called on `online`, on becoming visible, and on being hidden or left. */
  listen(heard: (what: "online" | "visible" | "hidden") => void): () => void;
  isVisible(): boolean;
}

export interface Platform {
  readonly indexedDB: IDBFactory | null;
  readonly crypto: Crypto | null;
  readonly locks: LockManager | null;
  readonly storage: StorageManager | null;
  readonly page: PageEvents | null;
  readonly fetch: Fetch;
  /** A channel to other tabs of this origin, or null. */
  readonly channel: (name: string) => BroadcastChannel | null;
  /** Names of the caches that a service worker keeps of a profile are cleared by this. */
  readonly isSecure: boolean;
  readonly hasServiceWorker: boolean;
  readonly language: () => string;
  readonly nowMs: () => number;
  /** A number in [0, 1). */
  readonly draw: () => number;
  readonly appVersion: string;
}

/** The browser (or Node) that this runs in. */
export function hostPlatform(): Platform {
  const host = globalThis as Partial<typeof globalThis>;
  const { navigator, document } = host;
  return {
    indexedDB: present(() => host.indexedDB),
    crypto: host.crypto?.subtle === undefined ? null : host.crypto,
    locks: navigator?.locks ?? null,
    storage: navigator?.storage ?? null,
    page: document === undefined ? null : pageEvents(document),
    fetch: (address, init) => fetch(address, init),
    channel: (name) => (host.BroadcastChannel === undefined ? null : new BroadcastChannel(name)),
    isSecure: host.isSecureContext ?? true,
    hasServiceWorker: navigator !== undefined && "serviceWorker" in navigator,
    language: () => document?.documentElement.lang || "zh",
    nowMs: () => Date.now(),
    draw: () => Math.random(),
    appVersion: document?.querySelector<HTMLMetaElement>("meta[name=app-version]")?.content ?? "",
  };
}

/** Some private modes throw where others have nothing. */
function present<T>(look: () => T | undefined): T | null {
  try {
    return look() ?? null;
  } catch {
    return null;
  }
}

function pageEvents(page: Document): PageEvents {
  return {
    isVisible: () => page.visibilityState === "visible",
    listen: (heard) => {
      const online = () => heard("online");
      const seen = () => heard(page.visibilityState === "visible" ? "visible" : "hidden");
      const left = () => heard("hidden");
      addEventListener("online", online);
      addEventListener("pagehide", left);
      page.addEventListener("visibilitychange", seen);
      return () => {
        removeEventListener("online", online);
        removeEventListener("pagehide", left);
        page.removeEventListener("visibilitychange", seen);
      };
    },
  };
}

/** A whole number below `below`, drawn so that nobody can guess it. */
export function drawBelow(source: Crypto, below: number): number {
  return (source.getRandomValues(new Uint32Array(1))[0] as number) % below;
}

/** A UUID of version 7: it sorts by the time of its making. */
export function uuid7(source: Crypto, nowMs: number): string {
  const bytes = source.getRandomValues(new Uint8Array(16));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, Math.floor(nowMs / 2 ** 32));
  view.setUint32(2, nowMs % 2 ** 32);
  view.setUint8(6, 0x70 | (view.getUint8(6) & 0x0f));
  view.setUint8(8, 0x80 | (view.getUint8(8) & 0x3f));
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)];
  return parts.join("-");
}
