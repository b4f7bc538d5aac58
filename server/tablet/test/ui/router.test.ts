/** What Back does in an installed app, step by step. */

import { beforeEach, describe, expect, test, vi } from "vitest";

import { match, type Route } from "../../src/ui/routes";
import { FakeBrowser } from "./browser";

type Router = typeof import("../../src/ui/router");

vi.mock("../../src/ui/screens/routes", () => ({ shellRoutes: [] }));
vi.mock("../../src/ui/fieldwork/routes", () => ({ workRoutes: [], workTabs: [] }));

let browser: FakeBrowser;

async function opened(hash = "#/"): Promise<Router> {
  browser = new FakeBrowser(hash);
  const router = await import("../../src/ui/router");
  router.startRouter();
  return router;
}

beforeEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

describe("the way back", () => {
  test("leads to the screen before, and from the first out of the app", async () => {
    const router = await opened();
    router.go("/household/1");
    expect(router.place.value).toMatchObject({ path: "/household/1", depth: 1 });
    await browser.back();
    expect(router.place.value).toMatchObject({ path: "/", depth: 0 });
  });

  test("leads home from an address that was opened from outside", async () => {
    const router = await opened("#/household/1?from=map");
    expect(router.place.value.path).toBe("/household/1");
    expect(router.place.value.query.get("from")).toBe("map");
    await browser.back();
    expect(router.place.value.path).toBe("/");
  });

  test("leads out of the app from the enrolment that a square opened", async () => {
    const router = await opened("#/enrol?code=K7M2-P9Q4-X3F8");
    expect(router.place.value.depth).toBe(0);
    expect(browser.trail).toBe("[#/enrol?code=K7M2-P9Q4-X3F8]");
  });

  test("leads from any tab to the first one, however deep one was", async () => {
    const router = await opened();
    router.go("/household/1");
    router.go("/household/1/visit");
    router.goTab("/sync");
    await browser.settled();
    expect(browser.trail).toBe("#/ [#/sync]");
    router.goTab("/me");
    await browser.settled();
    expect(browser.trail).toBe("#/ [#/me]");
    await browser.back();
    expect(router.place.value.path).toBe("/");
  });

  test("in the bar of a screen that was opened first leads to where it belongs", async () => {
    const router = await opened();
    router.replace("/sync/1");
    router.back("/sync");
    expect(browser.trail).toBe("[#/sync]");
  });

  test("takes a sheet away and leaves the screen", async () => {
    const router = await opened();
    router.go("/household/1");
    const closed = vi.fn();
    router.overlay(closed);
    await browser.back();
    expect(closed).toHaveBeenCalledOnce();
    expect(router.place.value.path).toBe("/household/1");
    await browser.back();
    expect(router.place.value.path).toBe("/");
  });
});

describe("a sheet", () => {
  test("that is closed by its button leaves no step behind", async () => {
    const router = await opened();
    router.go("/household/1");
    const closed = vi.fn();
    const done = router.overlay(closed);
    done();
    await browser.settled();
    expect(closed).not.toHaveBeenCalled();
    expect(browser.index).toBe(1);
    await browser.back();
    expect(router.place.value.path).toBe("/");
  });

  test("from which one goes on is replaced by the new screen", async () => {
    const router = await opened();
    const done = router.overlay(() => undefined);
    router.go("/household/1");
    done();
    await browser.settled();
    expect(browser.trail).toBe("#/ [#/household/1]");
    await browser.back();
    expect(router.place.value.path).toBe("/");
  });

  test("that is closed while one goes on does not undo the going", async () => {
    const router = await opened();
    const done = router.overlay(() => undefined);
    done();
    router.go("/household/1");
    await browser.settled();
    expect(router.place.value.path).toBe("/household/1");
    expect(browser.trail).toBe("#/ [#/household/1]");
  });
});

describe("the table of routes", () => {
  const Screen = () => null;
  const table: Route[] = [
    { path: "/", screen: Screen },
    { path: "/household/new", screen: Screen },
    { path: "/household/:id", screen: Screen },
  ];

  test("gives the first that fits, and what the address says", () => {
    expect(match("/", table)?.route).toBe(table[0]);
    expect(match("/household/new", table)?.route).toBe(table[1]);
    expect(match("/household/%E5%BC%A0", table)?.params).toEqual({ id: "张" });
  });

  test("has no screen for an address without its id, and survives a broken one", () => {
    expect(match("/household/", table)).toBeNull();
    expect(match("/nothing", table)).toBeNull();
    expect(match("/household/%E5%", table)?.params).toEqual({ id: "%E5%" });
  });
});
