/**
 * One fix of where the tablet is, when somebody asks for it: never watched, never kept
 * as a track. It works without a network where the tablet has a receiver.
 */

import type { Json } from "../../engine";

export type Fix =
  { ok: true; point: Json; metres: number } | { ok: false; why: "denied" | "unavailable" | "late" };

const WAIT_MS = 20_000;
/** Six digits are some ten centimetres: more would only be noise. */
const DIGITS = 1e6;

export function askForFix(): Promise<Fix> {
  return new Promise((resolve) => {
    if (!("geolocation" in navigator)) {
      resolve({ ok: false, why: "unavailable" });
      return;
    }
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        const rounded = [coords.longitude, coords.latitude].map(
          (one) => Math.round(one * DIGITS) / DIGITS,
        );
        const point = { type: "Point", coordinates: rounded };
        resolve({ ok: true, point, metres: Math.round(coords.accuracy) });
      },
      (error) => resolve({ ok: false, why: REASONS[error.code] ?? "unavailable" }),
      { enableHighAccuracy: true, timeout: WAIT_MS, maximumAge: 0 },
    );
  });
}

const REASONS: Readonly<Record<number, "denied" | "unavailable" | "late">> = {
  1: "denied",
  2: "unavailable",
  3: "late",
};
