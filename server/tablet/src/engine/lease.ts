/**
 * The lease: how long a tablet that has not been in touch may show records.
 *
 * A copy of a county's records must not live on in a drawer. A clock that was put back must
 * not lengthen it, so what has passed is the longer of what the clock and the stamps say, both
 * since the last answer that was whole.
 */
import type { Json, Status } from "./types";

const DAY_MS = 86_400_000;
/** Until the server has said anything. */
const DAYS_FIRST = 14;

type Meta = (key: string) => Json;

function wallOf(stamp: Json): number | null {
  return typeof stamp === "string" ? parseInt(stamp.slice(0, 12), 16) : null;
}

/** How the lease stands. Without a limit `days` is 0, and it never expires. */
export function leaseOf(meta: Meta, nowMs: number): Status["lease"] {
  const since = (meta("success_ms") ?? meta("enrolled_ms")) as number | null;
  const days = (meta("success_ms") === null ? DAYS_FIRST : meta("lease_days")) as number | null;
  if (days === null) return { days: 0, daysLeft: Infinity, expired: false };
  const [last, then] = [wallOf(meta("last_stamp")), meta("success_wall") as number | null];
  const byClock = since === null ? 0 : nowMs - since;
  const byStamps = last === null || then === null ? 0 : last - then;
  const leftMs = days * DAY_MS - Math.max(0, byClock, byStamps);
  return { days, daysLeft: Math.max(0, Math.ceil(leftMs / DAY_MS)), expired: leftMs <= 0 };
}

/** What is to be kept of an answer that was whole, so that the lease can be counted from it. */
export function renewed(meta: Meta, nowMs: number): { [key: string]: Json } {
  return { success_ms: nowMs, success_wall: Math.max(nowMs, wallOf(meta("last_stamp")) ?? 0) };
}
