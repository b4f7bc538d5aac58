/**
 * Today: what waits for this worker, in the order in which it hurts to forget it.
 *
 * Begun forms first, for they exist nowhere else; then what the office has told, orders
 * that are theirs to move on, visits that are due, and what others changed meanwhile.
 */

import { useComputed } from "@preact/signals";
import { useState } from "preact/hooks";

import type { FormDraft, View } from "../../engine";
import { choiceLabel, may, stepsFrom } from "../../engine/catalogue";
import { Bar, Button, Card, List, ListRow, Notice, toast } from "../components";
import { said, t } from "../i18n";
import { ago, moment, nowMs, weekday } from "../i18n/moments";
import { useSession } from "../session";
import { awayOf } from "./away";
import { draftPath, recordLink } from "./links";
import { isOpen } from "./orders";
import { RecordBadge } from "./parts";
import { doorTitle, householder, titleOf } from "./titles";
import { useToday } from "./today";
import { urgency, visitState, type VisitState } from "./visits";

const FEW = 8;

export function Today() {
  const { replica } = useSession();
  const orders = replica.catalogue.value.get("work_order");
  const mayReport = orders !== null && may(orders, "create", replica.role.value);
  return (
    <div class="screen today">
      <Bar
        title={t("today.title")}
        second={weekday(nowMs.value)}
        actions={
          mayReport && (
            <Button kind="primary" icon="speak" href="#/appeal">
              {t("action.report_appeal")}
            </Button>
          )
        }
      />
      <DraftList />
      <Unread />
      <MyOrders />
      <VisitsDue />
      <WhileAway />
    </div>
  );
}

/** Forms that somebody has begun. */
function DraftList() {
  const { drafts } = useSession().replica;
  const all = drafts.all.value;
  const { trouble } = drafts;
  const discard = async (draft: FormDraft) => {
    await drafts.discard(draft.key);
    toast(t("draft.discarded"), () => drafts.put(draft));
  };
  if (all.length === 0) return null;
  return (
    <Card title={t("today.drafts", { n: all.length })} flush>
      {trouble.value && <Notice tone="bad">{said(trouble.value.words)}</Notice>}
      <ul class="list">
        {all.map((draft) => (
          <li key={draft.key} class="with-action">
            <a class="row" href={`#${draftPath(draft)}`}>
              <span class="words">
                <span class="title">{draft.title}</span>
                <span class="second">{t("draft.saved", { at: moment(draft.savedMs) })}</span>
              </span>
            </a>
            <Button
              kind="plain"
              icon="trash"
              label={t("draft.discard_of", { what: draft.title })}
              onPress={() => void discard(draft)}
            >
              {t("draft.discard")}
            </Button>
          </li>
        ))}
      </ul>
    </Card>
  );
}

/** What the office has told and nobody has read. */
function Unread() {
  const { model } = useSession();
  const unread = model.unread.value;
  if (unread.length === 0) return null;
  return (
    <Card title={t("today.notices", { n: unread.length })} flush>
      <List>
        {unread.slice(0, 3).map((one) => (
          <ListRow key={one.id} icon="bell" title={one.text("text")} href={`#/notice/${one.id}`} />
        ))}
        {unread.length > 3 && <ListRow title={t("today.all_notices")} href="#/sync?part=settle" />}
      </List>
    </Card>
  );
}

/** Orders that are open and mine: reported or accepted by me, or for my role to take a step with. */
function MyOrders() {
  const { model, replica } = useSession();
  const [all, setAll] = useState(false);
  const me = replica.profile.user;
  const role = replica.role.value;
  const orders = useComputed(() =>
    model
      .type("work_order")
      .value.filter((one) => isOpen(one.get("status")))
      .map((view) => ({ view, mine: whyMine(view, me, role) }))
      .filter((one): one is Mine => one.mine !== null)
      .sort(
        (a, b) => ORDER.indexOf(a.mine) - ORDER.indexOf(b.mine) || dueOf(a.view) - dueOf(b.view),
      ),
  ).value;
  return (
    <Card title={t("today.orders", { n: orders.length })} flush>
      {orders.length === 0 ? (
        <p class="quiet">{t("today.no_orders")}</p>
      ) : (
        <List>
          {orders.slice(0, all ? orders.length : FEW).map(({ view, mine }) => (
            <OrderRow key={view.id} order={view} mine={mine} />
          ))}
        </List>
      )}
      {orders.length > FEW && !all && (
        <Button kind="plain" onPress={() => setAll(true)}>
          {t("today.show_all", { n: orders.length })}
        </Button>
      )}
    </Card>
  );
}

type Why = "accepted" | "step" | "reported";
interface Mine {
  view: View;
  mine: Why;
}
const ORDER: readonly Why[] = ["accepted", "step", "reported"];

function whyMine(order: View, me: string, role: string | null): Why | null {
  if (order.get("accepted_by") === me) return "accepted";
  if (
    order.get("accepted_by") === null &&
    stepsFrom(order.spec, order.get("status"), role).length > 0
  )
    return "step";
  return order.get("reported_by") === me ? "reported" : null;
}

const dueOf = (order: View): number => {
  const due = order.get("due_at");
  return typeof due === "number" ? due : Infinity;
};

export function OrderRow({ order, mine }: { order: View; mine?: Why }) {
  const due = order.get("due_at");
  const status = order.spec.byName.get("status");
  const words = status ? said(choiceLabel(status, order.text("status"))) : "";
  const second = [
    words,
    mine && t(`today.mine.${mine}`),
    typeof due === "number" && t("order.due", { at: moment(due) }),
  ];
  return (
    <ListRow
      icon="file"
      title={order.text("title") || t("order.untitled")}
      second={second.filter(Boolean).join(" · ")}
      end={<RecordBadge view={order} />}
      href={recordLink("work_order", order.id)}
    />
  );
}

interface DueVisit {
  view: View;
  state: VisitState;
}

/** Households whose next visit is late, never made, or due soon. */
function VisitsDue() {
  const { model, replica } = useSession();
  const today = useToday();
  const [all, setAll] = useState(false);
  const due = useComputed(() =>
    dueOfAll(
      model.grids.value.flatMap((grid) => model.householdsIn(grid.id).value),
      today.value,
    ),
  ).value;
  const visit = replica.catalogue.value.get("home_visit");
  const mayVisit = visit !== null && may(visit, "create", replica.role.value);
  const late = due.filter(({ state }) => state.due !== "soon").length;
  return (
    <Card
      title={t("today.visits", { n: due.length })}
      action={late > 0 && <span class="tag bad">{t("today.late", { n: late })}</span>}
      flush
    >
      {due.length === 0 ? (
        <p class="quiet">{t("today.no_visits")}</p>
      ) : (
        <ul class="list">
          {due.slice(0, all ? due.length : FEW).map(({ view, state }) => (
            <DueRow key={view.id} household={view} state={state} mayVisit={mayVisit} />
          ))}
        </ul>
      )}
      {due.length > FEW && !all && (
        <Button kind="plain" onPress={() => setAll(true)}>
          {t("today.show_all", { n: due.length })}
        </Button>
      )}
    </Card>
  );
}

function dueOfAll(households: readonly View[], now: number): DueVisit[] {
  return households
    .map((view) => ({
      view,
      state: visitState(view.get("care_level"), view.get("last_visit"), now),
    }))
    .filter(({ state }) => state.due !== "none" && state.due !== "fine")
    .sort((a, b) => urgency(a.state) - urgency(b.state));
}

function DueRow({
  household,
  state,
  mayVisit,
}: {
  household: View;
  state: VisitState;
  mayVisit: boolean;
}) {
  const { model } = useSession();
  const building = model.record(household.text("building")).value;
  const where = [titleOf(building, model), doorTitle(household)].filter(Boolean).join(" ");
  return (
    <li class="with-action">
      <a class="row" href={recordLink("household", household.id)}>
        <span class="words">
          <span class="title">
            {householder(household)} <DueTag state={state} />
          </span>
          <span class="second">{where}</span>
        </span>
        <RecordBadge view={household} />
      </a>
      {mayVisit && (
        <Button
          icon="visit"
          href={`#/household/${household.id}/visit`}
          label={t("visit.record_of", { who: householder(household) })}
        >
          {t("visit.short")}
        </Button>
      )}
    </li>
  );
}

/** Whether and how much a visit is late, in words. */
export function DueTag({ state }: { state: VisitState }) {
  if (state.due === "none") return null;
  if (state.due === "never") return <span class="tag bad">{t("visit.never")}</span>;
  if (state.due === "late")
    return <span class="tag bad">{t("visit.late", { n: -state.left! })}</span>;
  const words = state.left === 0 ? t("visit.today") : t("visit.left", { n: state.left! });
  return <span class={state.due === "soon" ? "tag warn" : "tag"}>{words}</span>;
}

/** What others changed since this worker looked last. */
function WhileAway() {
  const { model, replica } = useSession();
  const away = awayOf(model, replica);
  const news = away.news.value.map(({ id, atMs }) => ({ view: model.record(id).value, atMs }));
  const there = news.filter(
    (one): one is { view: View; atMs: number } => one.view !== null && !one.view.deleted,
  );
  if (there.length === 0) return null;
  const seen = () => {
    const before = away.news.peek();
    away.seen();
    toast(t("today.away.seen"), () => away.restore(before));
  };
  return (
    <Card
      title={t("today.away", { n: there.length })}
      action={
        <Button kind="plain" icon="check" onPress={seen}>
          {t("today.away.done")}
        </Button>
      }
      flush
    >
      <List>
        {there.map(({ view, atMs }) => (
          <ListRow
            key={view.id}
            title={titleOf(view, model)}
            second={said(view.spec.label)}
            end={ago(atMs)}
            href={recordLink(view.type, view.id)}
          />
        ))}
      </List>
    </Card>
  );
}
