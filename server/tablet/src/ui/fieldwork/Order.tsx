/**
 * A work order: where it stands, the steps that this worker may take, and its log.
 *
 * The steps are the catalogue's. One that needs nothing is taken by one tap; one that
 * needs words (a result, a reason) asks for them in a sheet, whose draft is kept.
 */

import { useState } from "preact/hooks";

import type { Json, Problem, View } from "../../engine";
import { choiceLabel } from "../../engine/catalogue";
import { Bar, Button, Notice, Sheet } from "../components";
import { type Key, said, t } from "../i18n";
import { moment, nowMs } from "../i18n/moments";
import { problemOf } from "../problems";
import { place } from "../router";
import type { ScreenProps } from "../routes";
import { useSession } from "../session";
import { FieldInput } from "./FieldInput";
import { FieldCards } from "./FieldRows";
import { fromRaw } from "./forms";
import { ConflictNotice } from "./Household";
import { draftKey } from "./links";
import { Log } from "./Log";
import { isOpen, offeredBy, type Step, stepsFor, written } from "./orders";
import { NotHere, RecordBadge, RestoredNotice, SavingProblem, submitting } from "./parts";
import { tellDone } from "./takeBack";
import { titleOfId } from "./titles";
import { useForm } from "./useForm";

/** Told by the heading and the steps. */
const ELSEWHERE = ["status", "returns", "dispatched_at"];

/** The matter is put right here; of what the office adds, only what is there is of use. */
const MATTER: readonly Key[] = ["part.matter"];
const DESK: readonly Key[] = ["part.handling", "part.desk", "part.more"];

export function Order({ params }: ScreenProps) {
  const { model } = useSession();
  const view = model.record(params["id"] ?? "").value;
  if (!view || view.type !== "work_order") return <NotHere />;
  return (
    <div class="screen file" data-order={view.id}>
      <Bar
        title={view.text("title") || t("order.untitled")}
        second={<Standing order={view} />}
        up="/today"
        actions={<RecordBadge view={view} />}
      />
      {view.deleted && <Notice tone="warn">{t("record.deleted")}</Notice>}
      <ConflictNotice view={view} />
      <Steps key={view.text("status")} order={view} />
      <FieldCards view={view} without={ELSEWHERE} parts={MATTER} />
      <Log view={view} />
      <FieldCards view={view} without={ELSEWHERE} parts={DESK} filled />
    </div>
  );
}

/** The state, who has it, and until when. */
function Standing({ order }: { order: View }) {
  const { model } = useSession();
  const status = order.spec.byName.get("status");
  const unit = order.text("lead_unit");
  const due = order.get("due_at");
  const parts = [
    status && said(choiceLabel(status, order.text("status"))),
    unit && titleOfId(unit, model),
    typeof due === "number" &&
      isOpen(order.get("status")) &&
      t(due < nowMs.value ? "order.overdue" : "order.due", { at: moment(due) }),
  ];
  return <>{parts.filter(Boolean).join(" · ")}</>;
}

function Steps({ order }: { order: View }) {
  const { replica } = useSession();
  const [chosen, setOpen] = useState<string | null>(() => place.peek().query.get("step"));
  const [problem, setProblem] = useState<Problem | null>(null);
  const role = replica.role.value;
  const table = order.spec.workflow?.transitions ?? [];
  const steps =
    role === null || order.deleted
      ? []
      : stepsFor(table, order.get("status"), role, order.values());
  const take = async (step: Step) => {
    setProblem(null);
    if (step.asks.length > 0) {
      setOpen(step.transition.name);
      return;
    }
    try {
      const stamp = await replica.transition(
        order.id,
        step.transition.to,
        written(step, replica.profile.user, {}),
      );
      tellDone(replica, t("done.step", { step: said(step.transition.label) }), [stamp]);
    } catch (error) {
      setProblem(problemOf(error));
    }
  };
  const open = steps.find((one) => one.transition.name === chosen && one.asks.length > 0);
  if (steps.length === 0) {
    return isOpen(order.get("status")) ? <p class="quiet">{t("order.waits_for_others")}</p> : null;
  }
  return (
    <>
      <div class="deeds" role="group" aria-label={t("order.steps")}>
        {steps.map((step, index) => (
          <Button
            key={step.transition.name}
            kind={index === 0 ? "primary" : undefined}
            onPress={() => void take(step)}
          >
            {said(step.transition.label)}
          </Button>
        ))}
      </div>
      <SavingProblem problem={problem} />
      {open && <StepSheet order={order} step={open} onClose={() => setOpen(null)} />}
    </>
  );
}

/** What a step requires: asked for, then taken. */
function StepSheet({ order, step, onClose }: { order: View; step: Step; onClose: () => void }) {
  const { replica } = useSession();
  const words = said(step.transition.label);
  const fields = [...step.asks, ...offeredBy(step)].flatMap(
    (name) => order.spec.byName.get(name) ?? [],
  );
  const form = useForm(
    {
      key: draftKey("step", `${order.id}:${step.transition.name}`),
      purpose: "step",
      type: "work_order",
      record: order.id,
      title: `${words} · ${order.text("title")}`,
    },
    {},
  );
  const save = async () => {
    const answers: { [name: string]: Json } = {};
    let complete = true;
    for (const field of fields) {
      const read = fromRaw(field, form.raw[field.name]);
      if ("value" in read && read.value !== null) {
        answers[field.name] = field.kind === "log" ? { append: read.value } : read.value;
        continue;
      }
      if ("value" in read && !step.asks.includes(field.name)) continue;
      complete = false;
      form.refuse(
        field.name,
        "wrong" in read ? said(read.wrong) : t("form.missing", { field: said(field.label) }),
      );
    }
    if (!complete) return;
    let stamp: string | null = null;
    const saved = await form.save(async (draft) => {
      stamp = await replica.transition(
        order.id,
        step.transition.to,
        written(step, replica.profile.user, answers),
        { draft },
      );
    });
    if (!saved) return;
    tellDone(replica, t("done.step", { step: words }), [stamp]);
    onClose();
  };
  return (
    <Sheet
      title={words}
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose}>{t("action.close")}</Button>
          <Button kind="primary" busy={form.saving} onPress={() => void save()}>
            {words}
          </Button>
        </>
      }
    >
      <form class="stack" noValidate {...submitting(() => void save())}>
        <RestoredNotice form={form} />
        {fields.map((field) => (
          <FieldInput
            key={field.name}
            field={field}
            label={field.kind === "log" ? t("order.reason") : undefined}
            value={form.raw[field.name] ?? null}
            onValue={(value) => form.set(field.name, value)}
            error={form.wrong[field.name] ?? null}
            about={{ type: order.type, record: order.id }}
          />
        ))}
        <SavingProblem problem={form.problem} />
      </form>
    </Sheet>
  );
}
