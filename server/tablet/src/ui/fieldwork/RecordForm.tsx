/**
 * The form of a whole record, new or not, made from the catalogue: for any type.
 *
 * `/edit/household/<id>` and `/new/resident?in=<household>` are the same form. What is
 * known (the grid, the address, the household) stands in it and is not asked.
 */

import { Fragment } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import type { Fields, View } from "../../engine";
import { type Field, may, type RecordType } from "../../engine/catalogue";
import type { Model } from "../../model";
import { Bar, Button, Card, Empty, Notice } from "../components";
import { said, t } from "../i18n";
import { back, replace } from "../router";
import type { ScreenProps } from "../routes";
import { useSession } from "../session";
import { FieldInput } from "./FieldInput";
import { begin, changes, inputOf, type Raw } from "./forms";
import { partsOf } from "./layouts";
import { likeness } from "./likeness";
import { draftKey, newKey, recordLink, recordPath, type Whereabouts } from "./links";
import { offersFor } from "./offers";
import { Foot, NotHere, RestoredNotice, SavingProblem, submitting } from "./parts";
import { useWork } from "./useWork";
import { tellDone } from "./takeBack";
import { addressOf, householder, titleOf } from "./titles";
import { overtaken, useForm } from "./useForm";
import { inWords } from "./words";

/** Change a record: `/edit/:type/:id`. */
export function EditRecord({ params }: ScreenProps) {
  const { model } = useSession();
  const view = model.record(params["id"] ?? "").value;
  if (!view || view.spec.restricted) return <NotHere />;
  const draft = draftKey("edit", view.id);
  return <RecordForm key={view.id} spec={view.spec} of={view} known={{}} draft={draft} />;
}

/** Make a record: `/new/:type`, in a household or building (`?in=`), with what the address says. */
export function NewRecord({ params, query }: ScreenProps) {
  const { replica, model } = useSession();
  const { grid } = useWork();
  const spec = replica.catalogue.value.get(params["type"] ?? "");
  const around = model.record(query.get("in") ?? "").value;
  if (!spec || !may(spec, "create", replica.role.value)) {
    return <Empty title={t("form.not_allowed")} icon="lock" />;
  }
  const said = (name: string) => query.get(name) ?? "";
  const where = {
    type: spec.name,
    around: around?.id ?? "grid",
    entrance: said("entrance"),
    floor: said("floor"),
    room: said("room"),
  };
  const key = newKey(where);
  const known = knownOf(around, grid.value, where);
  return <RecordForm key={key} spec={spec} of={null} known={known} draft={key} around={around} />;
}

/** What a new record has from where it is made. */
function knownOf(around: View | null, grid: string | null, where: Whereabouts): Raw {
  const { entrance, floor, room } = where;
  const known: Raw = { grid: around?.get("grid") ?? grid, origin: "visit", residing: true };
  if (around?.type === "household") known["household"] = around.id;
  if (around?.type === "building") {
    known["building"] = around.id;
    known["compound"] = around.get("compound");
  }
  if (entrance) known["entrance"] = entrance;
  if (room) known["room"] = room;
  if (/^-?\d+$/.test(floor)) known["floor"] = Number(floor);
  return known;
}

interface RecordFormProps {
  spec: RecordType;
  /** The record as it is shown; null for a new one. */
  of: View | null;
  known: Raw;
  /** The key of its draft. */
  draft: string;
  around?: View | null;
}

function RecordForm({ spec, of, known, draft, around = null }: RecordFormProps) {
  const { model } = useSession();
  const [opened] = useState(of);
  const [agreed, setAgreed] = useState<View | null>(null);
  const title = of ? titleOf(of, model) : newTitle(spec);
  const form = useForm(
    {
      key: draft,
      purpose: of ? "edit" : "new",
      type: spec.name,
      record: of?.id ?? null,
      title: of || !around ? title : `${title} · ${shortTitle(around, model)}`,
    },
    begin(spec, opened, known),
  );
  const gridName = titleOf(model.record(String(form.raw["grid"] ?? "")).value, model);
  const top = useRef<HTMLFormElement>(null);
  const saveRecord = useSavingRecord(spec, form);
  const save = async () => {
    // Only what was touched: an input that shows an older value must not put it back.
    const told = of ? only(form.raw, form.touched) : form.raw;
    const made = changes(spec, agreed ?? opened, told);
    for (const [name, words] of made.wrong) form.refuse(name, said(words));
    if (made.wrong.size > 0) return;
    const now = of && model.record(of.id).value;
    if (opened && now && overtaken(agreed ?? opened, now, Object.keys(made.fields)).length > 0)
      setAgreed(now);
    else await saveRecord(of, made.fields);
  };
  const wrong = Object.keys(form.wrong).length;
  useEffect(() => {
    if (wrong > 0) top.current?.querySelector<HTMLElement>("[aria-invalid]")?.focus();
  }, [wrong]);
  const changed = agreed && opened ? overtaken(opened, agreed, [...form.touched]) : [];
  const household =
    around?.type === "household" ? around : model.record(of?.text("household") ?? "").value;
  const parts = partsOf(spec, (field) => isOpenTo(field, of));
  return (
    <form class="screen" ref={top} noValidate {...submitting(() => void save(), "moves on")}>
      <Bar
        title={title}
        second={around ? placeOf(around, model) : of ? said(spec.label) : gridName}
        up={of ? recordPath(of.type, of.id) : "/"}
      />
      <RestoredNotice form={form} />
      {parts.map((part, index) => (
        <Fragment key={part.heading}>
          <Card title={t(part.heading)}>
            {part.fields.map((field) => (
              <FieldInput
                key={field.name}
                field={field}
                value={form.raw[field.name] ?? null}
                onValue={(value) => form.set(field.name, value)}
                error={
                  form.wrong[field.name] ??
                  (form.problem?.field === field.name ? said(form.problem.words) : null)
                }
                offers={offersFor(spec.name, field.name, of, household, model)}
                about={{ type: spec.name, record: of?.id ?? null }}
              />
            ))}
          </Card>
          {index === 0 && !of && <Alike twin={likeness(spec.name, form.raw, model)} />}
        </Fragment>
      ))}
      {changed.map((name) => (
        <Overtaken key={name} field={spec.byName.get(name)!} now={agreed!} />
      ))}
      <SavingProblem problem={form.problem} />
      <Foot>
        <Button type="submit" kind="primary" wide busy={form.saving}>
          {t("action.save")}
        </Button>
      </Foot>
    </form>
  );
}

const only = (raw: Raw, names: ReadonlySet<string>): Raw =>
  Object.fromEntries(Object.entries(raw).filter(([name]) => names.has(name)));

/** Somebody is registered here already: perhaps it is them. */
function Alike({ twin }: { twin: View | null }) {
  const { model } = useSession();
  if (!twin) return null;
  const what = shortTitle(twin, model);
  return (
    <Notice
      tone="warn"
      live
      actions={<Button href={recordLink(twin.type, twin.id)}>{t("alike.open", { what })}</Button>}
    >
      {t(twin.type === "household" ? "alike.household" : "alike.resident", { what })}
    </Notice>
  );
}

const newTitle = (spec: RecordType): string =>
  spec.name === "household"
    ? t("home.add_household")
    : spec.name === "resident"
      ? t("action.add_resident")
      : t("form.new", { what: said(spec.label) });

/** A creation fact is asked for once; what nobody types is never asked. */
const isOpenTo = (field: Field, of: View | null): boolean =>
  inputOf(field) !== "shown" && (of === null || field.policy !== "once");

/** A household by who holds it: its address stands beside it anyway. */
const shortTitle = (view: View, model: Model): string =>
  view.type === "household" ? householder(view) : titleOf(view, model);

const placeOf = (around: View, model: Model): string =>
  around.type === "household" ? addressOf(around, model) : titleOf(around, model);

function Overtaken({ field, now }: { field: Field; now: View }) {
  const { model } = useSession();
  const value = inWords(field, now.get(field.name), model) || t("value.empty");
  return (
    <Notice tone="warn" live>
      {t("form.overtaken", { field: said(field.label), value })}
    </Notice>
  );
}

function useSavingRecord(spec: RecordType, form: ReturnType<typeof useForm>) {
  const { replica } = useSession();
  return async (of: View | null, fields: Fields) => {
    const record = of?.id ?? replica.newId();
    const kind = of ? "edit" : "create";
    let stamps: readonly (string | null)[] = [];
    const saved = await form.save(async (draft) => {
      stamps = await replica.make([{ kind, type: spec.name, record, fields }], { draft });
    });
    if (!saved) return;
    const words = t(of ? "done.changed" : "done.created", { what: said(spec.label) });
    tellDone(replica, words, stamps, of ? undefined : form.keep);
    if (of) back(recordPath(spec.name, record));
    else replace(recordPath(spec.name, record));
  };
}
