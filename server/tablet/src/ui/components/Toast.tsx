/**
 * Toasts: a sentence that something was done, and for some seconds the way to undo it.
 *
 * They stand above the lower edge, take no focus and block nothing. A failure is
 * no toast: what a person must act on stays on the screen until they have.
 *
 * A toast with a way back stays for eight seconds, and as long as it is touched or
 * focused: who reads slowly must be able to undo as well.
 */

import { signal } from "@preact/signals";

import { t } from "../i18n";
import { Button } from "./Button";

const TOLD_MS = 5_000;
/** As long as the engine waits before it hands work in (`engine/loop.ts`). */
const UNDO_MS = 8_000;

interface Told {
  id: number;
  words: string;
  undo: (() => void) | undefined;
}

const told = signal<readonly Told[]>([]);
const timers = new Map<number, ReturnType<typeof setTimeout>>();
let last = 0;

/** Say that something was done. `undo` puts it back. */
export function toast(words: string, undo?: () => void): void {
  last += 1;
  told.value = [...told.value.slice(-1), { id: last, words, undo }];
  expire(last, undo ? UNDO_MS : TOLD_MS);
}

function expire(id: number, afterMs: number): void {
  clearTimeout(timers.get(id));
  timers.set(
    id,
    setTimeout(() => drop(id), afterMs),
  );
}

function drop(id: number): void {
  clearTimeout(timers.get(id));
  timers.delete(id);
  told.value = told.value.filter((one) => one.id !== id);
}

/** Take all of them away: what they tell or undo is another person's, or behind a lock. */
export function dropToasts(): void {
  for (const one of told.value) drop(one.id);
}

/** Where the toasts appear; once, at the end of the app. */
export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {told.value.map((one) => (
        <div
          key={one.id}
          class="toast"
          onPointerEnter={() => clearTimeout(timers.get(one.id))}
          onPointerLeave={() => expire(one.id, TOLD_MS)}
          onFocusCapture={() => clearTimeout(timers.get(one.id))}
          onBlurCapture={() => expire(one.id, TOLD_MS)}
        >
          <p>{one.words}</p>
          {one.undo && (
            <Button
              kind="plain"
              icon="undo"
              onPress={() => {
                drop(one.id);
                one.undo?.();
              }}
            >
              {t("action.undo")}
            </Button>
          )}
        </div>
      ))}
    </div>
  );
}
