/**
 * An appeal, reported from the doorstep (`/household/:id/appeal`) or the street (`/appeal`).
 *
 * What the tablet knows is filled in: who reports, when, the household, the place in
 * words. Where it is on the map is asked of the receiver only if somebody presses the
 * button, once; there is no track.
 */

import { useRef } from "preact/hooks";

import type { View } from "../../engine";
import { may, type RecordType } from "../../engine/catalogue";
import { Bar, Button, Choice, Empty, TextField } from "../components";
import { said, t } from "../i18n";
import { back, replace } from "../router";
import type { ScreenProps } from "../routes";
import { useSession } from "../session";
import { FieldInput } from "./FieldInput";
import { draftKey, recordPath } from "./links";
import { offersFor } from "./offers";
import { Foot, NotHere, RestoredNotice, SavingProblem, submitting } from "./parts";
import { PlaceInput } from "./PlaceInput";
import { appealFields } from "./recording";
import { tellDone } from "./takeBack";
import { addressOf, buildingTitle, householder } from "./titles";
import { useForm } from "./useForm";
import { useWork } from "./useWork";
import { inWords } from "./words";

export function Appeal({ params }: ScreenProps) {
  const { model, replica } = useSession();
  const { grid } = useWork();
  const id = params["id"];
  const household = id === undefined ? null : model.record(id).value;
  const spec = replica.catalogue.value.get("work_order");
  if (id !== undefined && household?.type !== "household") return <NotHere />;
  if (!spec || !may(spec, "create", replica.role.value))
    return <Empty title={t("form.not_allowed")} icon="lock" />;
  const place = household?.text("grid") || grid.value;
  if (!place) return <Empty title={t("home.no_grid")} icon="map" />;
  return <AppealForm key={id ?? "grid"} spec={spec} household={household} grid={place} />;
}

/** Kinds that a resident means; a whistle summons departments and is the office's. */
const ORDER = ["request", "complaint", "consultation", "suggestion", "report", "whistle"];

function AppealForm({
  spec,
  household,
  grid,
}: {
  spec: RecordType;
  household: View | null;
  grid: string;
}) {
  const { model, replica } = useSession();
  const title = useRef<HTMLInputElement & HTMLTextAreaElement>(null);
  const about = household?.id ?? "grid";
  const up = household ? `/household/${household.id}` : "/today";
  const form = useForm(
    {
      key: draftKey("appeal", about),
      purpose: "appeal",
      type: "work_order",
      record: household?.id ?? null,
      title: household ? t("appeal.draft_of", { who: householder(household) }) : t("appeal.draft"),
    },
    { kind: "", title: "", description: "", place: usePlace(household), point: null, contact: "", photo: "" },
  );
  const { raw } = form;
  const text = (name: string) => String(raw[name] ?? "");
  const field = (name: string) => spec.byName.get(name);
  const kind = field("kind");
  const save = async () => {
    if (text("title").trim() === "") {
      form.refuse("title", t("appeal.title_missing"));
      title.current?.focus();
      return;
    }
    const record = replica.newId();
    let stamps: readonly (string | null)[] = [];
    const saved = await form.save(async (draft) => {
      const fields = appealFields(raw, household, grid, replica);
      stamps = await replica.make([{ kind: "create", type: "work_order", record, fields }], {
        draft,
      });
    });
    if (!saved) return;
    tellDone(replica, t("done.appeal"), stamps, form.keep);
    if (household) back(up);
    else replace(recordPath("work_order", record));
  };
  return (
    <form class="screen" noValidate {...submitting(() => void save(), "moves on")}>
      <Bar
        title={t("appeal.title")}
        second={
          household
            ? `${householder(household)} · ${addressOf(household, model)}`
            : model.record(grid).value?.text("name")
        }
        up={up}
      />
      <RestoredNotice form={form} />
      {kind && (
        <Choice
          label={said(kind.label)}
          optional
          value={text("kind")}
          options={[...kind.choices]
            .sort((a, b) => ORDER.indexOf(a.value) - ORDER.indexOf(b.value))
            .map((one) => ({ value: one.value, label: said(one.label) }))}
          onValue={(value) => {
            form.set("kind", value);
            if (text("title") === "") title.current?.focus();
          }}
        />
      )}
      <TextField
        label={t("appeal.what")}
        hint={t("appeal.what.hint")}
        value={text("title")}
        error={form.wrong["title"]}
        inputRef={title}
        enterKeyHint="done"
        onValue={(typed) => form.set("title", typed)}
      />
      <TextField
        label={t("appeal.more")}
        optional
        multiline
        value={text("description")}
        onValue={(typed) => form.set("description", typed)}
      />
      <TextField
        label={t("appeal.place")}
        value={text("place")}
        onValue={(typed) => form.set("place", typed)}
      />
      {field("contact") && (
        <FieldInput
          field={field("contact")!}
          value={raw["contact"] ?? ""}
          onValue={(value) => form.set("contact", value)}
          offers={offersFor("work_order", "contact", null, household, model)}
        />
      )}
      {field("point") && (
        <PlaceInput
          label={said(field("point")!.label)}
          value={raw["point"] ?? null}
          onValue={(value) => form.set("point", value)}
          words={inWords(field("point")!, raw["point"] ?? null, model)}
        />
      )}
      {field("photo") && (
        <FieldInput
          field={field("photo")!}
          value={raw["photo"] ?? ""}
          onValue={(value) => form.set("photo", value ?? "")}
          about={{ type: spec.name, record: null }}
        />
      )}
      <SavingProblem problem={form.problem} />
      <Foot>
        <Button type="submit" kind="primary" wide busy={form.saving}>
          {t("appeal.save")}
        </Button>
      </Foot>
    </form>
  );
}

/** The place in words: the household's door, or the building that is in sight. */
function usePlace(household: View | null): string {
  const { model } = useSession();
  const { building } = useWork();
  if (household) return addressOf(household, model);
  const open = building.value === null ? null : model.record(building.value).value;
  return open ? buildingTitle(open.text("compound"), open.text("number")) : "";
}
