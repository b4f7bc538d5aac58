/**
 * The service worker: keeps the app on the tablet, so that it opens without a network.
 *
 * What is hard: an app that is half old and half new is worse than an old one, and an update
 * must never come between a worker and their outbox. So a version's files are kept together
 * in one cache, fetched whole before the version counts as installed; the running version
 * stays until a person says "restart"; and this module touches no data: not IndexedDB, and
 * no request to `/sync/`, which goes past it untouched.
 *
 * Invariants
 *   * The page and its scripts come from one version's cache, network or no network.
 *   * A cache with the name of a version holds all of its files, or none is used; and its page
 *     names no file of another version, though the server was updated in between.
 *   * Nothing is put into a cache but what the build lists.
 *   * The files of the version before stay until the one after next: a page that is still
 *     open under the old version finds what it has not loaded yet.
 */

/** Filled in by the build: `precache.ts`. */
const BUILT = JSON.parse("%PRECACHE%") as { version: string; files: string[] };

const PREFIX = "yuanba-app-";
const CACHE = `${PREFIX}${BUILT.version}`;

/** What a person says to whom the page belongs: use the version that waits. */
const USE_NOW = "use-now";

// The library of types knows a page's globals; what a worker has instead is named here.
const worker = self as unknown as ServiceWorkerGlobalScope;
const SCOPE = new URL("./", worker.location.href);

const address = (name: string): string => new URL(name, SCOPE).href;
const PAGE = address("index.html");
const LISTED = new Set(BUILT.files.map(address));

/** A name with a hash never changes what it names. */
const isHashed = (name: string): boolean => name.startsWith("assets/");

worker.addEventListener("install", (event) => {
  event.waitUntil(install());
});

worker.addEventListener("activate", (event) => {
  event.waitUntil(activate());
});

worker.addEventListener("message", (event) => {
  const told = event.data as { type?: unknown } | null;
  if (told?.type === USE_NOW) void worker.skipWaiting();
});

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  const url = new URL(request.url);
  if (url.origin !== SCOPE.origin || !url.pathname.startsWith(SCOPE.pathname)) return;
  if (request.mode === "navigate") event.respondWith(page(request));
  else if (LISTED.has(url.href)) event.respondWith(file(request));
  else if (isHashed(url.href.slice(SCOPE.href.length))) event.respondWith(older(request));
});

/** Fetch the whole version. What did not change since the last is not fetched again. */
async function install(): Promise<void> {
  const cache = await caches.open(CACHE);
  await Promise.all(
    BUILT.files.map(async (name) => {
      const kept = isHashed(name) ? await caches.match(address(name)) : undefined;
      await cache.put(address(name), kept ?? (await fetched(name)));
    }),
  );
  const page = await (await cache.match(PAGE))?.text();
  for (const name of page?.match(/assets\/[^"]+/g) ?? []) {
    if (!LISTED.has(address(name))) throw new Error(`${name} is of another version`);
  }
}

async function fetched(name: string): Promise<Response> {
  // A hashed file may come from the browser's own cache; the others must not.
  const answer = await fetch(address(name), { cache: isHashed(name) ? "default" : "reload" });
  if (!answer.ok || answer.redirected) throw new Error(`${name}: ${answer.status}`);
  return answer;
}

async function activate(): Promise<void> {
  const names = (await caches.keys()).filter((name) => name.startsWith(PREFIX));
  // In the order in which they were made: ours is the newest, the one before it stays.
  const old = names.filter((name) => name !== CACHE).slice(0, -1);
  await Promise.all(old.map((name) => caches.delete(name)));
  await worker.clients.claim();
}

/** The app's page: from the cache, even with a network, so that it opens at once. */
async function page(request: Request): Promise<Response> {
  const kept = await caches.match(PAGE, { cacheName: CACHE });
  if (kept) return kept;
  // A browser that is short of space may have cleared the cache and left the worker.
  return fetch(request);
}

async function file(request: Request): Promise<Response> {
  const kept = await caches.match(request.url, { cacheName: CACHE });
  return kept ?? fetch(request);
}

/** A file of the version before, which a page of that version has not loaded yet. */
async function older(request: Request): Promise<Response> {
  return (await caches.match(request.url)) ?? fetch(request);
}
