/** The screens about the app itself: handing in, the worker's own, help. */

import { lazy } from "../lazy";
import type { Route } from "../routes";
import { Capable } from "./Capable";
import { Enrol } from "./Enrol";
import { SyncPage } from "./sync/SyncPage";

const seldom = () => import("./seldom");

const entry = lazy(async () => (await seldom()).EntryPage);
const repair = lazy(async () => (await seldom()).RepairPage);
const notice = lazy(async () => (await seldom()).NoticePage);
const me = lazy(async () => (await seldom()).MePage);
const app = lazy(async () => (await seldom()).AppPage);
const wipe = lazy(async () => (await seldom()).WipePage);
const help = lazy(async () => (await seldom()).HelpPages);

export const shellRoutes: readonly Route[] = [
  { path: "/sync", screen: SyncPage, tab: "/sync", hands: true },
  { path: "/sync/:stamp", screen: entry, tab: "/sync", hands: true },
  { path: "/sync/:stamp/repair", screen: repair, tab: "/sync", hands: true },
  { path: "/notice/:id", screen: notice, tab: "/sync" },
  { path: "/me", screen: me, tab: "/me" },
  { path: "/me/app", screen: app, tab: "/me", hands: true },
  { path: "/me/wipe", screen: wipe, tab: "/me" },
  { path: "/help", screen: help, tab: "/me", always: true },
  { path: "/help/:page", screen: help, tab: "/me", always: true },
  { path: "/capable", screen: Capable, tab: "/me", always: true },
  { path: "/enrol", screen: Enrol, always: true },
];
