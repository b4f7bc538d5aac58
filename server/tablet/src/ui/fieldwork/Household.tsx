/**
 * The household's file: who lives here, what care they need, what was done and what waits.
 *
 * On a staircase there are three things to do: note that one was here, put a fact right,
 * report what is wrong. They are the first row of the screen; every fact is changed by
 * tapping it. What is not decided yet says so where it stands.
 */

import { useState } from "preact/hooks";

import type { View } from "../../engine";
import { may } from "../../engine/catalogue";
import { Bar, Button, Card, List, ListRow, Notice } from "../components";
import { type Key, said, t } from "../i18n";
import { moment, nowMs } from "../i18n/moments";
import type { ScreenProps } from "../routes";
import { useSession } from "../session";
import { Deleting } from "./Deleting";
import { FieldCards } from "./FieldRows";
import { draftPath, recordLink } from "./links";
import { Log } from "./Log";
import { NotHere, RecordBadge } from "./parts";
import { DueTag, OrderRow } from "./Today";
import { addressOf, householder } from "./titles";
import { useToday } from "./today";
import { visitState } from "./visits";
import { ageOf, inWords, tagWords } from "./words";

/** Told by the heading, or counted by the visits below. */
const ELSEWHERE = ["visits", "last_visit", "first_contact"];

/** What is changed often stands above what was done here, the address below. */
const LAST: readonly Key[] = ["part.address", "part.more"];
const FIRST: readonly Key[] = ["part.who", "part.notes"];

export function Household({ params }: ScreenProps) {
  const { model } = useSession();
  const view = model.record(params["id"] ?? "").value;
  if (!view || view.type !== "household") return <NotHere />;
  return (
    <div class="screen file" data-household={view.id}>
      <Bar
        title={householder(view)}
        second={addressOf(view, model)}
        up="/"
        actions={<RecordBadge view={view} />}
      />
      <Deeds household={view} />
      <Drafts household={view} />
      {view.deleted && <Notice tone="warn">{t("record.deleted")}</Notice>}
      <ConflictNotice view={view} />
      <Care household={view} />
      <People household={view} />
      <FieldCards view={view} without={ELSEWHERE} parts={FIRST} />
      <Visits household={view} />
      <Orders household={view} />
      <Log view={view} />
      <FieldCards view={view} without={ELSEWHERE} parts={LAST} />
      <Deleting view={view} />
    </div>
  );
}

/** The three things to do here. */
function Deeds({ household }: { household: View }) {
  const { replica } = useSession();
  const role = replica.role.value;
  const mayCreate = (type: string) => {
    const spec = replica.catalogue.value.get(type);
    return spec !== null && may(spec, "create", role);
  };
  return (
    <div class="deeds">
      {mayCreate("home_visit") && (
        <Button kind="primary" icon="visit" href={`#/household/${household.id}/visit`}>
          {t("action.record_visit")}
        </Button>
      )}
      {mayCreate("work_order") && (
        <Button icon="speak" href={`#/household/${household.id}/appeal`}>
          {t("action.report_appeal")}
        </Button>
      )}
      {mayCreate("resident") && (
        <Button icon="plus" href={`#/new/resident?in=${household.id}`}>
          {t("action.add_resident")}
        </Button>
      )}
    </div>
  );
}

/** What was begun here and is not saved. */
function Drafts({ household }: { household: View }) {
  const { drafts } = useSession().replica;
  const here = drafts.all.value.filter(
    ({ key, record }) => record === household.id || key.includes(household.id),
  );
  if (here.length === 0) return null;
  return (
    <Notice
      actions={here.map((draft) => (
        <Button key={draft.key} icon="edit" href={`#${draftPath(draft)}`}>
          {t("draft.go_on", { what: draft.title })}
        </Button>
      ))}
    >
      {t("draft.here", { at: moment(here[0]!.savedMs) })}
    </Notice>
  );
}

/** Something waits for a decision: said above, shown at the field. */
export function ConflictNotice({ view }: { view: View }) {
  const fields = [...view.marks]
    .filter(([, marks]) => marks.includes("conflict"))
    .map(([name]) => name);
  if (fields.length === 0) return null;
  const names = fields.map((name) =>
    name === "*"
      ? t("conflict.whole")
      : said(view.spec.byName.get(name)?.label ?? { zh: name, en: name }),
  );
  return <Notice tone="warn">{t("conflict.waits", { fields: names.join(t("value.and")) })}</Notice>;
}

/** How often they are to be visited, when they were, and why. */
function Care({ household }: { household: View }) {
  const { model } = useSession();
  const today = useToday();
  const state = visitState(household.get("care_level"), household.get("last_visit"), today.value);
  const last = household.get("last_visit");
  const tags = household.spec.byName.get("tags");
  const words = tags ? tagWords(tags, household.get("tags"), model) : [];
  return (
    <div class="care">
      <div class="tags">
        <DueTag state={state} />
        {words.map((word) => (
          <span key={word} class="tag info">
            {word}
          </span>
        ))}
      </div>
      <p class="quiet small">
        {typeof last === "number"
          ? t("visit.last", { at: moment(last), n: count(household) })
          : t("visit.none_yet")}
      </p>
    </div>
  );
}

const count = (household: View): number => {
  const visits = household.get("visits");
  return typeof visits === "number" ? visits : 0;
};

function People({ household }: { household: View }) {
  const { model } = useSession();
  const residents = model.residentsOf(household.id).value;
  return (
    <Card
      title={t("household.people")}
      action={<span class="quiet">{t("household.count", { n: residents.length })}</span>}
      flush
    >
      {residents.length === 0 ? (
        <p class="quiet">{t("household.no_people")}</p>
      ) : (
        <List>
          {[...residents].sort(byKinship).map((one) => (
            <PersonRow key={one.id} resident={one} />
          ))}
        </List>
      )}
    </Card>
  );
}

/** The householder first, then as the register orders kinship. */
const byKinship = (a: View, b: View): number => {
  const key = (view: View) => (view.get("kinship") === "02" ? "00" : view.text("kinship") || "99");
  return key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0;
};

function PersonRow({ resident }: { resident: View }) {
  const { model } = useSession();
  const field = (name: string) => {
    const spec = resident.spec.byName.get(name);
    return spec ? inWords(spec, resident.get(name), model) : "";
  };
  const age = ageOf(resident.get("birth"), nowMs.value);
  const facts = [
    field("kinship"),
    field("sex"),
    age === null ? "" : t("resident.age", { n: age }),
    resident.text("phone"),
  ];
  const away = resident.get("residing") === false;
  return (
    <ListRow
      icon="me"
      title={
        <>
          {resident.text("name")} {away && <span class="tag">{t("resident.away")}</span>}
        </>
      }
      second={[...facts, field("tags")].filter(Boolean).join(" · ")}
      end={<RecordBadge view={resident} />}
      href={recordLink("resident", resident.id)}
    />
  );
}

const FEW = 5;

function Visits({ household }: { household: View }) {
  const { model } = useSession();
  const [all, setAll] = useState(false);
  const visits = model.visitsOf(household.id).value;
  if (visits.length === 0) return null;
  return (
    <Card title={t("household.visits")} flush>
      <List>
        {visits.slice(0, all ? visits.length : FEW).map((one) => (
          <VisitRow key={one.id} visit={one} />
        ))}
      </List>
      {visits.length > FEW && !all && (
        <Button kind="plain" onPress={() => setAll(true)}>
          {t("today.show_all", { n: visits.length })}
        </Button>
      )}
    </Card>
  );
}

function VisitRow({ visit }: { visit: View }) {
  const { model } = useSession();
  const at = visit.get("at");
  const purpose = visit.spec.byName.get("purpose");
  const words = purpose ? inWords(purpose, visit.get("purpose"), model) : "";
  const second = [visit.text("present"), visit.text("notes")].filter(Boolean).join(" · ");
  return (
    <ListRow
      icon="visit"
      title={[typeof at === "number" ? moment(at) : "", words].filter(Boolean).join(" · ")}
      second={second}
      end={<RecordBadge view={visit} />}
      href={recordLink("home_visit", visit.id)}
    />
  );
}

function Orders({ household }: { household: View }) {
  const { model } = useSession();
  const orders = model.ordersOf(household.id).value;
  if (orders.length === 0) return null;
  return (
    <Card title={t("household.orders")} flush>
      <List>
        {orders.map((one) => (
          <OrderRow key={one.id} order={one} />
        ))}
      </List>
    </Card>
  );
}
