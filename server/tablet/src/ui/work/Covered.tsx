/**
 * Restricted facts, covered until somebody wants to see them: who looks over a shoulder, or
 * opens a list on a staircase, sees nothing. They are covered again after a minute.
 */

import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";

import { Button, Card } from "../components";
import { t } from "../i18n";

const SHOWN_MS = 60_000;

interface CoveredProps {
  title: string;
  /** Its content reaches to the edges of the card. */
  flush?: boolean;
  children: () => ComponentChildren;
}

export function Covered({ title, flush = false, children }: CoveredProps) {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    if (!open) return undefined;
    const timer = setTimeout(() => setOpen(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [open]);
  return (
    <Card title={title} flush={open && flush}>
      {open ? (
        children()
      ) : (
        <>
          <p class="quiet">{t("restricted.covered")}</p>
          <Button icon="lock" onPress={() => setOpen(true)}>
            {t("restricted.show")}
          </Button>
        </>
      )}
    </Card>
  );
}
