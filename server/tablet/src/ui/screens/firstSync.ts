/**
 * How far the first sync is and how long it will take, as far as anybody can know.
 *
 * An estimate that jumps is worse than none. So it is made from all that came since the
 * first page of the present run, only after some seconds, and only where the server has
 * said how much there is; it is told in steps (less than a minute, 2 minutes).
 */

import { signal } from "@preact/signals";

import type { Status } from "../../engine";
import { t } from "../i18n";

const TOLD_AFTER_MS = 3_000;
const MINUTE_MS = 60_000;

/** The profile whose worker went on from this screen, before or after everything had come. */
const goneOn = signal<string | null>(null);

/** Where a run of the first sync began: then, so many records were here. */
export interface Run {
  sinceMs: number;
  received: number;
}

type Progress = Status["firstSync"];

/** How much of it is here, 0 to 1; null where nobody knows. */
export function share(progress: Progress): number | null {
  if (progress.ready) return 1;
  if (progress.expected !== null && progress.expected > 0) {
    return Math.min(0.99, progress.received / progress.expected);
  }
  return progress.feedsTotal > 0 ? Math.min(0.99, progress.feedsDone / progress.feedsTotal) : null;
}

/** What is left of this run, ms; null while that would be a guess. */
export function remainingMs(progress: Progress, run: Run | null, nowMs: number): number | null {
  if (run === null) return null;
  const passed = nowMs - run.sinceMs;
  const came = progress.received - run.received;
  if (progress.expected === null || passed < TOLD_AFTER_MS || came <= 0) return null;
  return (passed / came) * Math.max(0, progress.expected - progress.received);
}

/** The estimate in words. */
export function remainingWords(ms: number | null): string {
  if (ms === null) return t("first.estimating");
  if (ms < MINUTE_MS) return t("first.under_a_minute");
  return t("first.minutes", { n: Math.ceil(ms / MINUTE_MS) });
}

// The welcome: after the first sync a person reads once that all is here, and may set a PIN.

const WELCOME = "yuanba.welcome.";

/** After enrolling, the first sync's screen stays until the person goes on, also over a reload. */
export function expectWelcome(profile: string): void {
  goneOn.value = null;
  try {
    localStorage.setItem(WELCOME + profile, "yes");
  } catch {
    // Denied: then it stays only until everything has come.
  }
}

/** The person went on. */
export function welcomed(profile: string): void {
  goneOn.value = profile;
  try {
    localStorage.removeItem(WELCOME + profile);
  } catch {
    // It was never kept.
  }
}

/** Whether the first sync's screen is to be shown. */
export function isFirst(profile: string, progress: Progress): boolean {
  return goneOn.value !== profile && (!progress.ready || isWelcomeExpected(profile));
}

function isWelcomeExpected(profile: string): boolean {
  try {
    return localStorage.getItem(WELCOME + profile) !== null;
  } catch {
    return false;
  }
}
