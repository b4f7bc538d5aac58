/**
 * Locking by itself: after some minutes without a touch or a key, and after being away.
 *
 * Timers do not run on a tablet that sleeps. So the time is looked at again when the
 * page is seen again: who comes back after an hour meets the lock, not the records.
 */

import { useEffect } from "preact/hooks";

import { preferences } from "../preferences";
import { lock } from "../session";

const LOOK_MS = 10_000;
const TOUCHES = ["pointerdown", "keydown", "wheel", "input"] as const;

export function useIdleLock(): void {
  useEffect(() => {
    let touched = Date.now();
    const touch = () => {
      touched = Date.now();
    };
    const look = () => {
      const idle = Date.now() - touched;
      // A clock that was put back must not keep the screen open for ever.
      if (idle >= Number(preferences.lockMinutes.peek()) * 60_000 || idle < 0) {
        touched = Date.now();
        void lock();
      }
    };
    const timer = setInterval(look, LOOK_MS);
    for (const name of TOUCHES) addEventListener(name, touch, { capture: true, passive: true });
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      for (const name of TOUCHES) removeEventListener(name, touch, { capture: true });
      document.removeEventListener("visibilitychange", look);
    };
  }, []);
}
