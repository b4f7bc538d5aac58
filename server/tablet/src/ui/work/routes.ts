/** The screens of the work, and their tabs. */

import type { Route, TabOf } from "../routes";

export const workTabs: readonly TabOf[] = [];

export const workRoutes: readonly Route[] = [];
