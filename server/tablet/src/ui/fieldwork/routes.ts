/**
 * The screens of the work, and their tabs.
 *
 * What a worker opens first (the matrix, today, a household, a visit) is in the app's
 * main file; the plan comes as a file of its own.
 */

import { lazy } from "../lazy";
import type { Route, TabOf } from "../routes";
import { Appeal } from "./Appeal";
import "./begin";
import { Home } from "./Home";
import { Household } from "./Household";
import { Order } from "./Order";
import { Record } from "./Record";
import { EditRecord, NewRecord } from "./RecordForm";
import { Resident } from "./Resident";
import { Search } from "./Search";
import { Today } from "./Today";
import { Visit } from "./Visit";
import "../photos/photos.css";
import "./drawings.css";
import "./work.css";

export const workTabs: readonly TabOf[] = [
  { path: "/", icon: "building", label: "home.tab" },
  { path: "/today", icon: "clock", label: "today.tab" },
  { path: "/search", icon: "search", label: "search.tab" },
];

export const workRoutes: readonly Route[] = [
  { path: "/", screen: Home, tab: "/", wide: true },
  { path: "/today", screen: Today, tab: "/today" },
  { path: "/search", screen: Search, tab: "/search" },
  { path: "/map", screen: lazy(async () => (await import("./Plan")).Plan), tab: "/", wide: true },
  { path: "/household/:id", screen: Household, tab: "/" },
  { path: "/household/:id/visit", screen: Visit, tab: "/" },
  { path: "/household/:id/appeal", screen: Appeal, tab: "/" },
  { path: "/resident/:id", screen: Resident, tab: "/" },
  { path: "/appeal", screen: Appeal, tab: "/today" },
  { path: "/order/:id", screen: Order, tab: "/today" },
  { path: "/record/:id", screen: Record, tab: "/" },
  { path: "/edit/:type/:id", screen: EditRecord, tab: "/" },
  { path: "/new/:type", screen: NewRecord, tab: "/" },
];
