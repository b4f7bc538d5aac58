/** Which tabs there are: those of the work, then handing in, then the worker's own. */

import type { TabOf } from "../routes";
import { workTabs } from "../fieldwork/routes";

export const tabs: readonly TabOf[] = [
  ...workTabs,
  { path: "/sync", icon: "cloud", label: "nav.sync" },
  { path: "/me", icon: "me", label: "nav.me" },
];
