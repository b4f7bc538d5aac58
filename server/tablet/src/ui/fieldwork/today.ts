/** The present day as a signal that moves once an hour: what is coloured by days need not tick. */

import { useComputed } from "@preact/signals";

import { nowMs } from "../i18n/moments";

const HOUR_MS = 3_600_000;

export const useToday = () => useComputed(() => Math.floor(nowMs.value / HOUR_MS) * HOUR_MS);
