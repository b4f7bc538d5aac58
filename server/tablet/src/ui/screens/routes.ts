/** The screens about the app itself: handing in, the worker's own, help. */

import type { Route } from "../routes";
import { Capable } from "./Capable";
import { Enrol } from "./Enrol";

export const shellRoutes: readonly Route[] = [
  { path: "/enrol", screen: Enrol, always: true },
  { path: "/capable", screen: Capable, always: true, tab: "/me" },
];
