/**
 * Visits: who should be seen again, and when.
 *
 * A household's care level says how often it is to be visited; its last visit says
 * since when it waits. Everything that is coloured by it (matrix, today's list, the
 * file) asks here, so that one household is never late in one place and in time in
 * another.
 *
 * The intervals are the console's (`server/console/households.py`, `CARE_DAYS`).
 */

const DAY_MS = 86_400_000;

/** Care level → the days within which a visit is due. A level that is not here asks for none. */
export const CARE_DAYS: Readonly<Record<string, number>> = {
  weekly: 7,
  monthly: 31,
  quarterly: 92,
};

/** Within this share of its interval before the due day, a visit is `soon`. */
const SOON_SHARE = 0.2;

/** `none`: no visit is asked for. `never`: one is, and there was none yet. */
export type Due = "none" | "fine" | "soon" | "late" | "never";

export interface VisitState {
  due: Due;
  /** Days since the last visit, whole ones; null if there was none. */
  since: number | null;
  /** Days until the next is due, negative when late; null where none is asked for. */
  left: number | null;
}

/** What a care level and a last visit mean today. A clock that runs ahead makes no visit negative. */
export function visitState(level: unknown, lastVisit: unknown, nowMs: number): VisitState {
  const interval = typeof level === "string" ? CARE_DAYS[level] : undefined;
  const since =
    typeof lastVisit === "number" ? Math.max(0, Math.floor((nowMs - lastVisit) / DAY_MS)) : null;
  if (interval === undefined) return { due: "none", since, left: null };
  if (since === null) return { due: "never", since, left: 0 };
  const left = interval - since;
  const due = left < 0 ? "late" : left <= Math.max(1, interval * SOON_SHARE) ? "soon" : "fine";
  return { due, since, left };
}

/** The order of the list of visits due: those longest overdue by their own interval first. */
export function urgency({ due, left }: VisitState): number {
  return due === "never" ? -Infinity : (left ?? Infinity);
}

/** How long ago a visit was, in the steps that the matrix is coloured by; 4 is longest or never. */
export function ageStep(since: number | null): 0 | 1 | 2 | 3 | 4 {
  if (since === null) return 4;
  return since <= 31 ? 0 : since <= 92 ? 1 : since <= 183 ? 2 : since <= 366 ? 3 : 4;
}
