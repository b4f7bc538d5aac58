/** A resident's file: the person, their household, and restricted facts only where this tablet has them. */

import { useEffect, useState } from "preact/hooks";

import type { View } from "../../engine";
import { Bar, Button, Card, List, ListRow, Notice } from "../components";
import { t } from "../i18n";
import { nowMs } from "../i18n/moments";
import type { ScreenProps } from "../routes";
import { useSession } from "../session";
import { Deleting } from "./Deleting";
import { FieldCards, FieldRows } from "./FieldRows";
import { ConflictNotice } from "./Household";
import { recordLink } from "./links";
import { Log } from "./Log";
import { NotHere, RecordBadge } from "./parts";
import { addressOf, householder } from "./titles";
import { ageOf } from "./words";

export function Resident({ params }: ScreenProps) {
  const { model } = useSession();
  const view = model.record(params["id"] ?? "").value;
  if (!view || view.type !== "resident") return <NotHere />;
  const household = model.record(view.text("household")).value;
  const age = ageOf(view.get("birth"), nowMs.value);
  return (
    <div class="screen file" data-resident={view.id}>
      <Bar
        title={view.text("name")}
        second={
          age === null
            ? household
              ? addressOf(household, model)
              : ""
            : t("resident.age", { n: age })
        }
        up={household ? `/household/${household.id}` : "/"}
        actions={<RecordBadge view={view} />}
      />
      {view.deleted && <Notice tone="warn">{t("record.deleted")}</Notice>}
      <ConflictNotice view={view} />
      {household && (
        <section class="card" aria-label={t("resident.household")}>
          <List>
            <ListRow
              icon="door"
              title={householder(household)}
              second={addressOf(household, model)}
              href={recordLink("household", household.id)}
            />
          </List>
        </section>
      )}
      <FieldCards view={view} />
      <Restricted resident={view} />
      <Log view={view} />
      <Deleting view={view} />
    </div>
  );
}

/** Shown for so long, then covered again: who looks over a shoulder sees nothing. */
const SHOWN_MS = 60_000;

function Restricted({ resident }: { resident: View }) {
  const { model } = useSession();
  const [open, setOpen] = useState(false);
  const facts = model.by("resident_restricted", "resident", resident.id).value[0];
  useEffect(() => {
    if (!open) return undefined;
    const timer = setTimeout(() => setOpen(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [open]);
  if (!facts) return null;
  const fields = facts.spec.fields.filter(
    (field) => field.name !== "resident" && field.name !== "grid",
  );
  return (
    <Card title={t("restricted.title")} flush={open}>
      {open ? (
        <FieldRows view={facts} fields={fields} />
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
