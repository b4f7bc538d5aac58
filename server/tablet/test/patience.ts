/** A machine that does much else beside: waiting for what takes its time, measuring what does not. */
import { vi } from "vitest";

/**
 * Until `check` throws no more. The patience is long because it costs nothing where things go
 * well: a machine that does much else beside takes seconds for what is done in one otherwise.
 */
export function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: 15_000, interval: 10 });
}

/**
 * Milliseconds that the quickest of several tries takes, for the first figure is of code that is
 * not compiled yet. It is this thread's own time on the processor, so that nobody's work beside
 * counts; a Node that cannot tell it (before 23.9) counts all time that goes by.
 */
export function quickestMs(act: () => unknown): number {
  const now = () => (process.threadCpuUsage === undefined ? performance.now() : own(process.threadCpuUsage()));
  const times = [1, 2, 3, 4, 5].map(() => {
    const began = now();
    act();
    return now() - began;
  });
  return Math.min(...times);
}

const own = ({ user, system }: { readonly user: number; readonly system: number }) => (user + system) / 1_000;
