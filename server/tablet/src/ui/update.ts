/**
 * A new version of the app: it is fetched in the background and used when a person says so.
 *
 * The service worker keeps the running version until then, for a page that is half
 * old and half new is worse than an old one. The outbox is in the database and not
 * in the page: restarting loses nothing; what stands in a form is kept as a draft
 * at each input.
 */

import { signal } from "@preact/signals";

/** A new version waits to be used. */
export const updateReady = signal(false);

/** The version of this build, as people read it out; `release.ts` writes it into the page. */
export const APP_VERSION: string =
  document.querySelector<HTMLMetaElement>("meta[name=app-version]")?.content ?? "dev";

/** Whether the app itself is on this tablet, so that it opens without a network. */
export const appKept = signal<"coming" | "kept" | "refused">("coming");

let waiting: ServiceWorker | null = null;
let asked = false;

/** Register the service worker, and look for a new version when the app is seen again. */
export async function watchForUpdates(): Promise<void> {
  if (!("serviceWorker" in navigator) || !import.meta.env.PROD) {
    appKept.value = "refused";
    return;
  }
  const workers = navigator.serviceWorker;
  // A worker is active only once it has fetched the whole app.
  void workers.ready.then(() => {
    appKept.value = "kept";
  });
  workers.addEventListener("controllerchange", () => {
    if (asked) location.reload();
  });
  try {
    const registration = await workers.register(`${import.meta.env.BASE_URL}sw.js`, {
      scope: import.meta.env.BASE_URL,
    });
    if (registration.waiting && workers.controller) offer(registration.waiting);
    registration.addEventListener("updatefound", () => {
      const fresh = registration.installing;
      fresh?.addEventListener("statechange", () => {
        if (fresh.state === "installed" && workers.controller) offer(fresh);
        if (fresh.state === "redundant" && !registration.active) appKept.value = "refused";
      });
    });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") void registration.update().catch(() => null);
    });
  } catch (error) {
    // Without it the app works as long as the page stays open; the capability page says so.
    console.warn(error);
    appKept.value = "refused";
  }
}

function offer(worker: ServiceWorker): void {
  waiting = worker;
  updateReady.value = true;
}

/** Use the new version now: the page is loaded anew as soon as it has taken over. */
export function useUpdate(): void {
  asked = true;
  if (waiting) waiting.postMessage({ type: "use-now" });
  else location.reload();
}

/** Ask the server for a new version now; whether it could be asked and had none. */
export async function lookForUpdate(): Promise<boolean> {
  try {
    const registration = await navigator.serviceWorker.getRegistration();
    await registration?.update();
    return registration !== undefined && !registration.installing && !registration.waiting;
  } catch {
    return false;
  }
}
