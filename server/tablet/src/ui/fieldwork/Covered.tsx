/**
 * Restricted facts, covered until somebody says what they need them for: who looks over a
 * shoulder, or opens a list on a staircase, sees nothing. Covered again after a minute.
 *
 * Each look is noted before anything is shown, and told to the server for its audit log; where
 * it cannot be noted nothing is shown.
 */

import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";

import type { Problem } from "../../engine";
import { Button, Card } from "../components";
import { type Key, t } from "../i18n";
import { problemOf } from "../problems";
import { useSession } from "../session";
import { SavingProblem } from "./parts";

const SHOWN_MS = 60_000;
const PURPOSES: readonly Key[] = ["restricted.visit", "restricted.order", "restricted.correct"];

interface CoveredProps {
  title: string;
  /** The id of the restricted record. */
  record: string;
  /** Its content reaches to the edges of the card. */
  flush?: boolean;
  children: () => ComponentChildren;
}

export function Covered({ title, record, flush = false, children }: CoveredProps) {
  const { replica } = useSession();
  const [open, setOpen] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    if (!open) return undefined;
    const timer = setTimeout(() => setOpen(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [open]);
  const look = (purpose: string) =>
    replica.noteLook(record, purpose).then(
      () => setOpen(true),
      (error: unknown) => setProblem(problemOf(error)),
    );
  return (
    <Card title={title} flush={open && flush}>
      {open ? (
        children()
      ) : (
        <>
          <p class="quiet">{t("restricted.covered")}</p>
          <div class="buttons">
            {PURPOSES.map((key) => (
              <Button key={key} icon="lock" onPress={() => void look(t(key))}>
                {t(key)}
              </Button>
            ))}
          </div>
          <SavingProblem problem={problem} />
        </>
      )}
    </Card>
  );
}
