/** The own work of the open profile, read anew whenever something about it changed. */

import { useEffect, useMemo, useState } from "preact/hooks";

import type { Work } from "../../../engine";
import { useSession } from "../../session";

export interface Outbox {
  /** Not acknowledged yet, oldest first. */
  waiting: readonly Work[];
  /** Held or refused, oldest first. */
  kept: readonly Work[];
  /** Settled, newest first; those in a conflict among them. */
  settled: readonly Work[];
}

export function useOutbox(): Outbox {
  const { replica } = useSession();
  const [changes, count] = useState(0);
  useEffect(() => replica.onChange(() => count((n) => n + 1)), [replica]);
  const status = replica.status.value;
  return useMemo(() => {
    const all = replica.outbox({ all: true });
    return {
      waiting: all.filter((one) => one.state === "waiting" || one.state === "arriving"),
      kept: all.filter((one) => one.state === "held" || one.state === "rejected"),
      settled: all.filter((one) => one.state === "acknowledged").reverse(),
    };
  }, [replica, changes, status]);
}
