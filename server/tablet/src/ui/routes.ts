/**
 * The table of screens: address, screen, and which tab it belongs to.
 *
 * `/household/:id` matches any id, which the screen gets as `params.id`. The first
 * that matches holds. What is seldom opened is `lazy`, and comes as a file of its own.
 */

import type { ComponentType } from "preact";

import type { IconName } from "./components/Icon";
import type { Key } from "./i18n";
import { shellRoutes } from "./screens/routes";
import { workRoutes } from "./fieldwork/routes";

export interface ScreenProps {
  params: Record<string, string>;
  query: URLSearchParams;
}

export interface Route {
  path: string;
  screen: ComponentType<ScreenProps>;
  /** The path of the tab that is marked while this screen is open. */
  tab?: string;
  /** The screen uses the whole width of a desktop. */
  wide?: boolean;
  /** About handing in: open even during the first sync and when the lease is over. */
  hands?: boolean;
  /** Holds no records: open even while the app is locked or nobody is enrolled. */
  always?: boolean;
}

/** A tab of the navigation. */
export interface TabOf {
  path: string;
  icon: IconName;
  label: Key;
}

export const routes: readonly Route[] = [...workRoutes, ...shellRoutes];

export interface Match {
  route: Route;
  params: Record<string, string>;
}

/** The screen of a path and what the path says; null where there is none. */
export function match(path: string, table: readonly Route[] = routes): Match | null {
  const parts = path.split("/");
  for (const route of table) {
    const pattern = route.path.split("/");
    if (pattern.length !== parts.length) continue;
    const params: Record<string, string> = {};
    const fits = pattern.every((want, index) => {
      const part = parts[index] ?? "";
      if (!want.startsWith(":")) return want === part;
      params[want.slice(1)] = decoded(part);
      return part !== "";
    });
    if (fits) return { route, params };
  }
  return null;
}

/** A part of an address that is no valid encoding is taken as it stands. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
