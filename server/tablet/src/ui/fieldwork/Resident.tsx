/** A resident's file: the person, their household, and restricted facts only where this tablet has them. */

import type { View } from "../../engine";
import { Bar, List, ListRow, Notice } from "../components";
import { t } from "../i18n";
import { nowMs } from "../i18n/moments";
import type { ScreenProps } from "../routes";
import { useSession } from "../session";
import { Covered } from "./Covered";
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

function Restricted({ resident }: { resident: View }) {
  const { model } = useSession();
  const facts = model.by("resident_restricted", "resident", resident.id).value[0];
  if (!facts) return null;
  const fields = facts.spec.fields.filter(
    (field) => field.name !== "resident" && field.name !== "grid",
  );
  return (
    <Covered title={t("restricted.title")} record={facts.id} flush>
      {() => <FieldRows view={facts} fields={fields} asked="facts" />}
    </Covered>
  );
}
