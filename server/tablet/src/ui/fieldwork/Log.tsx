/** The log of a record: its entries, newest first, and a line to add one. Nothing in it is changed. */

import { useState } from "preact/hooks";

import type { View } from "../../engine";
import { type Field, may } from "../../engine/catalogue";
import { Button, Card, TextField } from "../components";
import { said, t } from "../i18n";
import { moment } from "../i18n/moments";
import { useSession } from "../session";
import { draftKey } from "./links";
import { Marks, RestoredNotice, SavingProblem, submitting } from "./parts";
import { tellDone } from "./takeBack";
import { titleOf } from "./titles";
import { useForm } from "./useForm";
import { type LogEntry, logEntries } from "./words";

const FEW = 5;

/** The logs that a type has (mostly one, or none). */
export function Log({ view }: { view: View }) {
  const logs = view.spec.fields.filter((field) => field.kind === "log");
  return (
    <>
      {logs.map((field) => (
        <LogCard key={field.name} view={view} field={field} />
      ))}
    </>
  );
}

function LogCard({ view, field }: { view: View; field: Field }) {
  const { model, replica } = useSession();
  const [all, setAll] = useState(false);
  const entries = logEntries(view.get(field.name), model);
  const mayEdit = may(view.spec, "edit", replica.role.value) && !view.deleted;
  if (entries.length === 0 && !mayEdit) return null;
  return (
    <Card title={said(field.label)} action={<Marks of={view.marks.get(field.name)} />}>
      {mayEdit && <NewEntry view={view} field={field} />}
      {entries.length > 0 && (
        <ol class="log">
          {entries.slice(0, all ? entries.length : FEW).map((entry) => (
            <Entry key={entry.stamp} entry={entry} />
          ))}
        </ol>
      )}
      {entries.length > FEW && !all && (
        <Button kind="plain" onPress={() => setAll(true)}>
          {t("today.show_all", { n: entries.length })}
        </Button>
      )}
    </Card>
  );
}

function Entry({ entry }: { entry: LogEntry }) {
  const { who, at, text } = entry;
  return (
    <li>
      <p class="prewrap">{text}</p>
      <p class="quiet small">{[who, at === null ? "" : moment(at)].filter(Boolean).join(" · ")}</p>
    </li>
  );
}

function NewEntry({ view, field }: { view: View; field: Field }) {
  const { replica, model } = useSession();
  const label = said(field.label);
  const form = useForm(
    {
      key: draftKey("edit", `${view.id}:${field.name}`),
      purpose: "edit",
      type: view.type,
      record: view.id,
      title: `${label} · ${titleOf(view, model)}`,
    },
    { [field.name]: "" },
  );
  const text = String(form.raw[field.name] ?? "");
  const add = async () => {
    if (text.trim() === "") return;
    let stamp: string | null = null;
    const saved = await form.save(async (draft) => {
      stamp = await replica.edit(view.id, { [field.name]: { append: text.trim() } }, { draft });
    });
    if (!saved) return;
    form.discard();
    tellDone(replica, t("done.entry"), [stamp]);
  };
  return (
    <form class="entry" {...submitting(() => void add())}>
      <TextField
        label={t("log.new")}
        value={text}
        multiline
        onValue={(typed) => form.set(field.name, typed)}
      />
      {form.elsewhere && <RestoredNotice form={form} />}
      <SavingProblem problem={form.problem} />
      {text.trim() !== "" && (
        <Button type="submit" kind="primary" busy={form.saving}>
          {t("log.add")}
        </Button>
      )}
    </form>
  );
}
