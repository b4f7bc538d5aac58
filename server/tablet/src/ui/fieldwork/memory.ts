/**
 * What the tablet remembers of how somebody works: the building they looked at last,
 * what they found lately, what changed while they were away.
 *
 * These are conveniences and no records, so they stand in `localStorage`, by profile,
 * and hold nothing but ids and choices: no name, no number, no text of anybody.
 * Where storage is denied they last until the page is closed.
 *
 * Invariant: nothing stays of what was remembered for a profile that is no longer on this
 * tablet (`forgetOthers`).
 */

import type { Json } from "../../engine/types";

const PREFIX = "yuanba.work.";
const whileOpen = new Map<string, string>();

/** What was remembered under a name, or null. */
export function recall(profile: string, name: string): Json {
  const key = `${PREFIX}${profile}.${name}`;
  const text = whileOpen.get(key) ?? stored(key);
  if (text === null) return null;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}

export function remember(profile: string, name: string, value: Json): void {
  const key = `${PREFIX}${profile}.${name}`;
  const text = JSON.stringify(value);
  whileOpen.set(key, text);
  try {
    localStorage.setItem(key, text);
  } catch {
    // Denied or full: it lasts until the page is closed.
  }
}

/** A remembered list of texts, whatever stands there. */
export function recallTexts(profile: string, name: string): string[] {
  const found = recall(profile, name);
  return Array.isArray(found) ? found.filter((one): one is string => typeof one === "string") : [];
}

/** Put something first in a remembered list. */
export function rememberFirst(profile: string, name: string, text: string, most: number): void {
  const others = recallTexts(profile, name).filter((one) => one !== text);
  remember(profile, name, [text, ...others].slice(0, most));
}

/** Drop what was remembered for profiles other than these. */
export function forgetOthers(profiles: readonly string[]): void {
  const kept = profiles.map((profile) => `${PREFIX}${profile}.`);
  const isIdle = (key: string) =>
    key.startsWith(PREFIX) && !kept.some((prefix) => key.startsWith(prefix));
  for (const key of [...whileOpen.keys()].filter(isIdle)) whileOpen.delete(key);
  try {
    for (const key of Object.keys(localStorage).filter(isIdle)) localStorage.removeItem(key);
  } catch {
    // Denied: nothing was kept.
  }
}

function stored(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}
