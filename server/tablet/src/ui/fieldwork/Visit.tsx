/**
 * A home visit, recorded on the doorstep in two or three taps.
 *
 * The time is the clock's and the place is the household: neither is asked. The purpose
 * is the one that this worker used last for such a household. Who was there is tapped,
 * never assumed. Notes can wait until the next flight of stairs: they are a field of the
 * visit and can be added to it.
 *
 * One saving makes the visit and counts it at the household, in one transaction on this
 * tablet, so that there is never the one without the other. The server's own rules
 * (`server/reactions.py`) do not touch the count, so it is counted here, once.
 */

import { useState } from "preact/hooks";

import type { Replica, View } from "../../engine";
import { may } from "../../engine/catalogue";
import { Bar, Button, Choice, Empty, Tags, TextField } from "../components";
import { said, t } from "../i18n";
import { nowMs, time } from "../i18n/moments";
import { back } from "../router";
import type { ScreenProps } from "../routes";
import { useSession } from "../session";
import { FieldInput } from "./FieldInput";
import { draftKey } from "./links";
import { recall, remember } from "./memory";
import { Foot, NotHere, RestoredNotice, SavingProblem, submitting } from "./parts";
import { textsOf, visitDrafts } from "./recording";
import { tellDone } from "./takeBack";
import { addressOf, householder } from "./titles";
import { useForm } from "./useForm";

export function Visit({ params }: ScreenProps) {
  const { model, replica } = useSession();
  const household = model.record(params["id"] ?? "").value;
  const spec = replica.catalogue.value.get("home_visit");
  if (!household || household.type !== "household") return <NotHere />;
  if (!spec || !may(spec, "create", replica.role.value))
    return <Empty title={t("form.not_allowed")} icon="lock" />;
  return <VisitForm key={household.id} household={household} />;
}

function VisitForm({ household }: { household: View }) {
  const { model, replica } = useSession();
  const [isCare] = useState(() => isCareVisit(household));
  const spec = replica.catalogue.value.get("home_visit")!;
  const purpose = spec.byName.get("purpose");
  const photo = spec.byName.get("photo");
  const residents = model
    .residentsOf(household.id)
    .value.filter((one) => one.get("residing") !== false);
  const form = useForm(
    {
      key: draftKey("visit", household.id),
      purpose: "visit",
      type: "home_visit",
      record: household.id,
      title: t("visit.draft", { who: householder(household) }),
    },
    { purpose: rememberedPurpose(replica, isCare), present: [], others: "", notes: "", photo: "" },
  );
  const { raw } = form;
  const save = async () => {
    let stamps: readonly (string | null)[] = [];
    const saved = await form.save(async (draft) => {
      stamps = await replica.make(visitDrafts(household, replica, raw), { draft, group: true });
    });
    if (!saved) return;
    remember(replica.profile.id, isCare ? "purpose.care" : "purpose", raw["purpose"] ?? null);
    tellDone(replica, t("done.visit", { who: householder(household) }), stamps, form.keep);
    back(`/household/${household.id}`);
  };
  return (
    <form class="screen" noValidate {...submitting(() => void save(), "moves on")}>
      <Bar
        title={t("visit.title", { who: householder(household) })}
        second={addressOf(household, model)}
        up={`/household/${household.id}`}
      />
      <RestoredNotice form={form} />
      <p class="now">
        {t("visit.now")} <strong>{time(nowMs.value)}</strong>{" "}
        <span class="quiet small">{t("visit.by_clock")}</span>
      </p>
      {residents.length > 0 && (
        <Tags
          label={t("visit.present")}
          value={textsOf(raw["present"])}
          options={residents.map((one) => ({ value: one.text("name"), label: one.text("name") }))}
          onValue={(names) => form.set("present", names)}
        />
      )}
      {purpose && (
        <Choice
          label={said(purpose.label)}
          value={String(raw["purpose"] ?? "")}
          options={purpose.choices.map((one) => ({ value: one.value, label: said(one.label) }))}
          onValue={(value) => form.set("purpose", value)}
        />
      )}
      <TextField
        label={t("visit.notes")}
        optional
        multiline
        value={String(raw["notes"] ?? "")}
        onValue={(typed) => form.set("notes", typed)}
      />
      <TextField
        label={t(residents.length > 0 ? "visit.others" : "visit.present")}
        optional
        value={String(raw["others"] ?? "")}
        onValue={(typed) => form.set("others", typed)}
      />
      {photo && (
        <FieldInput
          field={photo}
          value={raw["photo"] ?? ""}
          onValue={(value) => form.set("photo", value ?? "")}
          about={{ type: spec.name, record: null }}
        />
      )}
      <SavingProblem problem={form.problem} />
      <Foot>
        <Button type="submit" kind="primary" wide busy={form.saving}>
          {t("visit.save")}
        </Button>
      </Foot>
    </form>
  );
}

const isCareVisit = (household: View): boolean =>
  household.text("care_level") !== "" && household.text("care_level") !== "none";

/** What this worker chose last for a household like this one. */
function rememberedPurpose(replica: Replica, isCare: boolean): string {
  const last = recall(replica.profile.id, isCare ? "purpose.care" : "purpose");
  return typeof last === "string" ? last : isCare ? "care" : "routine";
}
