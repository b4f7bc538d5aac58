/**
 * One field, changed where it is read: tap the line, change it, save.
 *
 * A choice is saved by choosing it. What is typed is saved by the button or by Enter,
 * and stands in a draft until then: closing the sheet loses nothing.
 */

import { useEffect, useRef, useState } from "preact/hooks";

import type { View } from "../../engine";
import type { Field } from "../../engine/catalogue";
import type { Json } from "../../engine/types";
import { Button, Icon, List, ListRow, Notice, Sheet } from "../components";
import { said, t } from "../i18n";
import { useSession } from "../session";
import { changes, inputOf, toRaw } from "./forms";
import { FieldInput } from "./FieldInput";
import { draftKey } from "./links";
import { offersFor } from "./offers";
import { Picker } from "./ReferenceInput";
import { RestoredNotice, SavingProblem, submitting } from "./parts";
import { tellDone } from "./takeBack";
import { titleOf } from "./titles";
import { overtaken, useForm } from "./useForm";
import { inWords } from "./words";

/** One of a few: chosen by a tap or by Enter. Radios would save at the first arrow key. */
const AT_ONCE: ReadonlySet<string> = new Set(["radios", "boolean"]);

interface EditFieldProps {
  view: View;
  field: Field;
  onClose: () => void;
}

export function EditField({ view, field, onClose }: EditFieldProps) {
  const [opened] = useState(view);
  const saving = useSaving(opened, field, onClose);
  const input = inputOf(field);
  const isUndecided = saving.overtakenBy !== null || saving.form.problem !== null;
  if (input === "reference" && !isUndecided) {
    return (
      <Picker
        title={said(field.label)}
        to={field.to ?? ""}
        chosen={view.text(field.name)}
        empty={!field.required && view.get(field.name) !== null}
        onChoose={(id) => saving.take(id)}
        onClose={onClose}
      />
    );
  }
  return AT_ONCE.has(input) ? (
    <ChooseOne field={field} saving={saving} onClose={onClose} />
  ) : (
    <TypeOne view={view} field={field} saving={saving} onClose={onClose} />
  );
}

type Saving = ReturnType<typeof useSaving>;

function ChooseOne({ field, saving, onClose }: Omit<EditFieldProps, "view"> & { saving: Saving }) {
  const { form } = saving;
  const options: { value: Json; label: string }[] =
    field.kind === "boolean"
      ? [
          { value: true, label: t("value.yes") },
          { value: false, label: t("value.no") },
        ]
      : field.choices.map((one) => ({ value: one.value, label: said(one.label) }));
  if (!field.required) options.push({ value: null, label: t("choice.none") });
  const chosen = form.raw[field.name] === "" ? null : form.raw[field.name];
  return (
    <Sheet title={said(field.label)} onClose={onClose}>
      <List label={said(field.label)}>
        {options.map(({ value, label }) => (
          <ListRow
            key={String(value)}
            title={label}
            current={value === chosen}
            end={value === chosen && <Icon name="check" />}
            onPress={() => saving.take(value)}
          />
        ))}
      </List>
      <Afterwards field={field} saving={saving} />
    </Sheet>
  );
}

function TypeOne({ view, field, saving, onClose }: EditFieldProps & { saving: Saving }) {
  const { model } = useSession();
  const { form } = saving;
  const input = useRef<HTMLInputElement & HTMLTextAreaElement>(null);
  useEffect(() => {
    input.current?.focus();
    input.current?.select();
  }, []);
  const household = view.type === "resident" ? model.record(view.text("household")).value : view;
  const save = () => void saving.put(form.raw[field.name] ?? null);
  return (
    <Sheet
      title={said(field.label)}
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose}>{t("action.close")}</Button>
          <Button kind="primary" busy={form.saving} onPress={save}>
            {t("action.save")}
          </Button>
        </>
      }
    >
      <form class="stack" {...submitting(save)}>
        <RestoredNotice form={form} />
        <FieldInput
          field={field}
          value={form.raw[field.name] ?? null}
          onValue={(value) => form.set(field.name, value)}
          error={form.wrong[field.name] ?? null}
          offers={offersFor(view.type, field.name, view, household, model)}
          about={{ type: view.type, record: view.id }}
          inputRef={input}
        />
        <Afterwards field={field} saving={saving} />
      </form>
    </Sheet>
  );
}

/** What came of saving, where it did not come off. */
function Afterwards({ field, saving }: { field: Field; saving: Saving }) {
  const { overtakenBy, form } = saving;
  return (
    <>
      {overtakenBy !== null && (
        <Notice tone="warn" live>
          {t("form.overtaken", {
            field: said(field.label),
            value: overtakenBy || t("value.empty"),
          })}
        </Notice>
      )}
      <SavingProblem problem={form.problem} />
    </>
  );
}

/** Saving one field of a record that was opened as it was then. */
function useSaving(opened: View, field: Field, onDone: () => void) {
  const { replica, model } = useSession();
  const [agreed, setAgreed] = useState<View | null>(null);
  const form = useForm(
    {
      key: draftKey("edit", `${opened.id}:${field.name}`),
      purpose: "edit",
      type: opened.type,
      record: opened.id,
      title: `${said(field.label)} · ${titleOf(opened, model)}`,
    },
    { [field.name]: toRaw(field, opened.get(field.name)) },
  );
  const put = async (value: Json) => {
    const made = changes(opened.spec, agreed ?? opened, { [field.name]: value });
    const problem = made.wrong.get(field.name);
    if (problem) return form.refuse(field.name, said(problem));
    const now = replica.view(opened.id);
    if (now && overtaken(agreed ?? opened, now, Object.keys(made.fields)).length > 0) {
      setAgreed(now);
      return;
    }
    let stamp: string | null = null;
    const saved = await form.save(async (draft) => {
      stamp = await replica.edit(opened.id, made.fields, { draft });
    });
    if (!saved) return;
    tellDone(replica, t("done.field", { field: said(field.label) }), [stamp]);
    onDone();
  };
  const overtakenBy = agreed ? inWords(field, agreed.get(field.name), model) : null;
  /** A value that is chosen is saved by choosing it. */
  const take = (value: Json) => {
    form.set(field.name, value);
    void put(value);
  };
  return { form, put, take, overtakenBy };
}
