/**
 * The status as it is shown: without the flicker of exchanges that have nothing to say.
 *
 * A tablet asks the server every few minutes, which takes a blink. If the line went from
 * "handed in" to "sending" and back each time, people would look up, and a screen reader
 * would speak. So "sending" is shown at once only if there is work to send or a first
 * sync to wait for; otherwise only when it takes long enough to be wondered at.
 */

import { effect, signal } from "@preact/signals";

import type { Status } from "../engine";
import { replica } from "./session";

const LONG_MS = 1_000;

/** The status to show; null while no replica is open. */
export const shown = signal<Status | null>(null);

effect(() => {
  const open = replica.value;
  const now = open?.status.value ?? null;
  const before = shown.peek();
  const isQuiet =
    now?.what === "sending" &&
    now.waiting + now.photos.waiting === 0 &&
    now.firstSync.ready;
  if (!isQuiet || before === null) {
    shown.value = now;
    return undefined;
  }
  const timer = setTimeout(() => {
    shown.value = now;
  }, LONG_MS);
  return () => clearTimeout(timer);
});
