/**
 * The router: which screen is open, in the part of the address after the `#`.
 *
 * It is there so that one file serves every screen without a network, and so that
 * an enrolment code in the address of a QR square never leaves the tablet.
 *
 * What is hard is Back. In an installed app it is a button or a swipe at the edge,
 * and people expect: it closes what lies on top; then leads to the screen before;
 * then from any tab to the first tab; then out of the app. So
 *   - a sheet is a step in the history (`overlay`), which Back takes away;
 *   - changing tabs first walks back to the root, and then one step (`goTab`);
 *   - an address opened from outside gets the first tab put below it.
 *
 * Invariants
 *   - `place.depth` is the number of steps that Back can take inside the app.
 *   - Closing a sheet otherwise than by Back leaves no step of it behind.
 *   - Going on from inside a sheet puts the new screen in the place of the sheet's step.
 *
 * The browser walks back in its own time. Steps asked for meanwhile wait for it
 * (`settled`), or they would be undone by it. An address that is given meanwhile cannot
 * wait: the browser follows it at once, and may then still walk back from it, or may
 * not. So it is kept (`given`) and opened again if it was undone.
 */

import { signal } from "@preact/signals";

export interface Place {
  /** "/household/0199…", always with the leading slash. */
  path: string;
  query: URLSearchParams;
  depth: number;
}

interface Step {
  depth: number;
  overlays: number;
}

/** The first tab, below everything. */
export const HOME = "/";

/** Where Back must not lead home: what stands before the app proper. */
const WITHOUT_HOME = ["/enrol", "/capable"];

function read(depth: number): Place {
  const [path = "", query = ""] = location.hash.replace(/^#/, "").split("?");
  return { path: path.startsWith("/") ? path : HOME, query: new URLSearchParams(query), depth };
}

/** The open screen. */
export const place = signal<Place>({ path: HOME, query: new URLSearchParams(), depth: 0 });

const closers: (() => void)[] = [];
const scrolls: number[] = [];
let settled: Promise<void> | null = null;
let arrived: (() => void) | null = null;
let afterwards: (() => void) | null = null;
let given: string | null = null;

const step = (): Step => ({ depth: 0, overlays: 0, ...(history.state as Partial<Step> | null) });

/** Read the address and follow it; once, before the first drawing. */
export function startRouter(): void {
  history.scrollRestoration = "manual";
  const opened = read(0);
  const isNew = history.state === null;
  if (isNew && opened.path !== HOME && !WITHOUT_HOME.includes(opened.path)) {
    history.replaceState({ depth: 0, overlays: 0 }, "", `#${HOME}`);
    history.pushState({ depth: 1, overlays: 0 }, "", `#${address(opened)}`);
  } else {
    // A sheet does not outlive a reload: its step becomes one more of the screen below.
    history.replaceState({ depth: step().depth, overlays: 0 }, "");
  }
  place.value = read(step().depth);
  addEventListener("popstate", onPop);
  document.addEventListener("click", onClick);
}

/** (`URLSearchParams.size` is younger than the browsers that the app is made for.) */
function address({ path, query }: Pick<Place, "path" | "query">): string {
  const asked = String(query);
  return asked ? `${path}?${asked}` : path;
}

function onPop(): void {
  const isGiven = history.state === null;
  if (isGiven) {
    // The address was typed, or changed by something else than this module.
    history.replaceState({ depth: place.peek().depth + 1, overlays: 0 }, "");
  }
  const here = step();
  while (closers.length > here.overlays) closers.pop()?.();
  if (isGiven && settled) {
    given = address(read(0));
    afterwards = null;
    show(here.depth, 0);
    return;
  }
  const [then, again] = [afterwards, given];
  afterwards = given = null;
  if (then) then();
  else if (again === null) show(here.depth, scrolls[here.depth] ?? 0);
  arrived?.();
  if (again !== null) go(again);
}

/** Draw what the address says, unless it is drawn already. */
function show(depth: number, scroll: number): void {
  const next = read(depth);
  const now = place.peek();
  if (address(next) === address(now)) {
    if (next.depth !== now.depth) place.value = next;
    return;
  }
  place.value = next;
  scrollWhenDrawn(scroll);
}

/** Screens read the database before they are as high as they were: try for half a second. */
function scrollWhenDrawn(top: number): void {
  const until = performance.now() + 500;
  const path = place.peek().path;
  const attempt = () => {
    if (place.peek().path !== path) return;
    scrollTo(0, top);
    if (scrollY < top - 1 && performance.now() < until) requestAnimationFrame(attempt);
  };
  requestAnimationFrame(attempt);
}

function onClick(event: MouseEvent): void {
  const modified = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
  if (event.defaultPrevented || event.button !== 0 || modified) return;
  const link = (event.target as Element | null)?.closest<HTMLAnchorElement>('a[href^="#/"]');
  if (!link) return;
  event.preventDefault();
  const to = link.getAttribute("href")?.slice(1) ?? HOME;
  if (link.dataset["tab"] !== undefined) goTab(to);
  else go(to);
}

/** Once the browser has finished walking back. */
function whenSettled(act: () => void): void {
  if (settled) void settled.then(act);
  else act();
}

function walk(steps: number): void {
  settled = new Promise<void>((resolve) => {
    // A browser that has nowhere to go says nothing: nobody may wait for ever.
    const giveUp = setTimeout(resolve, 1_000);
    arrived = () => {
      clearTimeout(giveUp);
      resolve();
    };
  }).then(() => {
    settled = arrived = given = null;
  });
  history.go(-steps);
}

/** Open a screen above this one: `go("/household/" + id)`. */
export function go(to: string): void {
  whenSettled(() => {
    const now = step();
    if (address(read(0)) === to && now.overlays === 0) return;
    scrolls[now.depth] = scrollY;
    const depth = now.depth + 1;
    if (now.overlays > 0) {
      closers.pop();
      history.replaceState({ depth, overlays: 0 }, "", `#${to}`);
    } else {
      history.pushState({ depth, overlays: 0 }, "", `#${to}`);
    }
    show(depth, 0);
  });
}

/** Open a screen in the place of this one, so that Back does not return here. */
export function replace(to: string): void {
  whenSettled(() => {
    const { depth } = step();
    history.replaceState({ depth, overlays: 0 }, "", `#${to}`);
    show(depth, 0);
  });
}

/** One screen back inside the app, from under a sheet as well; from the first one to `up`. */
export function back(up: string = HOME): void {
  whenSettled(() => {
    const { depth, overlays } = step();
    if (depth > 0) walk(1 + overlays);
    else replace(up);
  });
}

/** Open a tab: below it is the first tab, and nothing else. */
export function goTab(to: string): void {
  whenSettled(() => {
    const { depth, overlays } = step();
    if (depth + overlays === 0) {
      if (to === HOME) replace(HOME);
      else go(to);
      return;
    }
    afterwards = () => {
      if (to !== HOME) history.pushState({ depth: 1, overlays: 0 }, "", `#${to}`);
      show(step().depth, 0);
    };
    walk(depth + overlays);
  });
}

/**
 * Put something over the screen that Back takes away. `close` is called when Back was
 * pressed; the returned function must be called when it was closed in another way.
 */
export function overlay(close: () => void): () => void {
  const closer = () => close();
  whenSettled(() => {
    const now = step();
    closers.push(closer);
    history.pushState({ depth: now.depth, overlays: now.overlays + 1 }, "");
  });
  return () => {
    const index = closers.indexOf(closer);
    if (index < 0) return;
    closers.splice(index, 1);
    whenSettled(() => {
      if (step().overlays > 0) walk(1);
    });
  };
}
