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
import { Button, Notice, Sheet } from "../components";
import { said, t } from "../i18n";
import { useSession } from "../session";
import { changes, inputOf, toRaw } from "./forms";
import { FieldInput } from "./FieldInput";
import { draftKey } from "./links";
import { offersFor } from "./offers";
import { RestoredNotice, SavingProblem, submitting } from "./parts";
import { tellDone } from "./takeBack";
import { titleOf } from "./titles";
import { overtaken, useForm } from "./useForm";
import { inWords } from "./words";

const AT_ONCE: ReadonlySet<string> = new Set(["radios", "boolean"]);

export function EditField(props: { view: View; field: Field; onClose: () => void }) {
  const { view, field, onClose } = props;
  const { model } = useSession();
  const [opened] = useState(view);
  const label = said(field.label);
  const save = useSaving(opened, field, onClose);
  const { form } = save;
  const input = useRef<HTMLInputElement & HTMLTextAreaElement>(null);
  useEffect(() => {
    input.current?.focus();
    input.current?.select();
  }, []);
  const atOnce = AT_ONCE.has(inputOf(field));
  const household = view.type === "resident" ? model.record(view.text("household")).value : view;
  const onValue = (value: Json) => {
    form.set(field.name, value);
    if (atOnce) void save.put(value);
  };
  return (
    <Sheet
      title={label}
      onClose={onClose}
      actions={
        atOnce ? undefined : (
          <>
            <Button onPress={onClose}>{t("action.close")}</Button>
            <Button
              kind="primary"
              busy={form.saving}
              onPress={() => void save.put(form.raw[field.name] ?? null)}
            >
              {t("action.save")}
            </Button>
          </>
        )
      }
    >
      <form class="stack" {...submitting(() => void save.put(form.raw[field.name] ?? null))}>
        <RestoredNotice form={form} />
        <FieldInput
          field={field}
          value={form.raw[field.name] ?? null}
          onValue={onValue}
          error={
            form.wrong[field.name] ??
            (form.problem?.field === field.name ? said(form.problem.words) : null)
          }
          offers={offersFor(view.type, field.name, view, household, model)}
          inputRef={input}
        />
        {save.overtakenBy !== null && (
          <Notice tone="warn" live>
            {t("form.overtaken", { field: label, value: save.overtakenBy || t("value.empty") })}
          </Notice>
        )}
        <SavingProblem problem={form.problem} />
      </form>
    </Sheet>
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
  return { form, put, overtakenBy };
}
