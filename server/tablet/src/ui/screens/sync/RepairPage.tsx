/**
 * Edit and resend: the values of an entry that was refused or held, to be put right.
 *
 * What is typed is a draft like that of any form, so that it survives whatever happens.
 * The old entry goes when the new one is kept, not before.
 */

import { useState } from "preact/hooks";

import type { Field, Json, View, Work } from "../../../engine";
import { Bar, Button, Card, Empty, Notice, toast } from "../../components";
import { said, t } from "../../i18n";
import { sentence } from "../../problems";
import { goTab } from "../../router";
import type { ScreenProps } from "../../routes";
import { useSession } from "../../session";
import { FieldInput } from "../../fieldwork/FieldInput";
import { fromRaw, inputOf, type Raw, toRaw } from "../../fieldwork/forms";
import { useForm } from "../../fieldwork/useForm";
import { ProblemNotice } from "../ProblemNotice";
import { deedOf, recordOf } from "./entryWords";

export function RepairPage({ params }: ScreenProps) {
  const { replica } = useSession();
  const work = replica.work(params["stamp"] ?? "");
  if (!work?.can.resend) {
    return (
      <div class="screen">
        <Bar title={t("repair.title")} up="/sync" />
        <Empty title={t("entry.gone")}>
          <p>{t("entry.gone.why")}</p>
        </Empty>
      </div>
    );
  }
  return <Repair work={work} />;
}

function Repair({ work }: { work: Work }) {
  const { replica, model } = useSession();
  const spec = replica.catalogue.value.get(work.type);
  const fields = fieldsOf(work, spec?.fields ?? []);
  const title = `${t("repair.title")} · ${recordOf(work, model)}`;
  const about = { purpose: "repair", type: work.type, record: work.record, title };
  const shown = replica.view(work.record);
  const initial: Raw = Object.fromEntries(
    fields.map((field) => [field.name, begin(field, work, shown)]),
  );
  const form = useForm({ ...about, key: `repair:${work.stamp}` }, initial);
  const [wrong, setWrong] = useState<ReadonlyMap<string, string>>(new Map());
  const problem = work.answer?.problem ?? null;

  const send = async (): Promise<void> => {
    const values: Record<string, Json> = {};
    const found = new Map<string, string>();
    for (const field of fields) {
      if (!form.touched.has(field.name)) continue;
      const read = fromRaw(field, form.raw[field.name]);
      if ("wrong" in read) found.set(field.name, said(read.wrong));
      else values[field.name] = field.kind === "log" ? entry(work, read.value) : read.value;
    }
    setWrong(found);
    if (found.size > 0) return;
    const isSaved = await form.save(async (draft) => {
      await replica.resend(work.stamp, values);
      await replica.drafts.discard(draft);
    });
    if (!isSaved) return;
    toast(t("entry.resent"));
    goTab("/sync");
  };

  return (
    <div class="screen">
      <Bar title={t("repair.title")} second={recordOf(work, model)} up="/sync" />
      {problem && (
        <Notice tone="warn">
          <strong>{t("entry.server_said", { words: sentence(problem) })}</strong>
        </Notice>
      )}
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <Card title={deedOf(work, spec)}>
          {fields.map((field) => (
            <FieldInput
              key={field.name}
              field={field}
              value={form.raw[field.name] ?? null}
              error={wrong.get(field.name) ?? (problem?.field === field.name ? sentence(problem) : null)}
              onValue={(value) => form.set(field.name, value)}
              about={{ type: work.type, record: work.record }}
            />
          ))}
          {fields.length === 0 && <p>{t("repair.nothing")}</p>}
        </Card>
        {form.problem && <ProblemNotice problem={form.problem} />}
        <Button kind="primary" type="submit" wide busy={form.saving}>
          {t("repair.send")}
        </Button>
      </form>
    </div>
  );
}

/** The fields of an entry that a person can type: values, not steps or what a clock filled. */
const fieldsOf = (work: Work, declared: readonly Field[]): Field[] =>
  declared.filter((field) => field.name in work.fields && inputOf(field) !== "shown");

/** What stands in an input: the value as it is shown, and of a log the entry alone. */
function begin(field: Field, work: Work, shown: View | null): Json {
  const own = work.fields[field.name] ?? null;
  if (field.kind === "log") return appended(own);
  return toRaw(field, shown?.type === work.type ? shown.get(field.name) : own);
}

/** A log's entry in the form that its operation has. */
const entry = (work: Work, text: Json): Json => (work.kind === "create" ? [text] : { append: text });

/** The text of a log's entry in an operation. */
function appended(own: Json): string {
  if (Array.isArray(own)) return own.map(String).join("\n");
  const isObject = own !== null && typeof own === "object";
  return isObject && typeof own["append"] === "string" ? own["append"] : "";
}
