/**
 * The fields of a record as rows: name, value, its marks, and a tap to change it.
 *
 * For a field in conflict both values stand there: the one that holds for now, and the
 * worker's own that waits for a decision. Which of two others' values will hold is the
 * office's matter, and only that is said.
 */

import { useState } from "preact/hooks";

import type { View, Work } from "../../engine";
import { type Field, may } from "../../engine/catalogue";
import type { Json } from "../../engine/types";
import { Card, Icon, IconButton } from "../components";
import { type Key, said, t } from "../i18n";
import { ShownPhoto } from "../photos/Photo";
import { place } from "../router";
import { useSession } from "../session";
import { EditField } from "./EditField";
import { inputOf } from "./forms";
import { partsOf } from "./layouts";
import { isEmpty, isOffered } from "./orders";
import { recordLink } from "./links";
import { Call, Marks, Pause } from "./parts";
import { inWords } from "./words";

/** The fields of a record under their headings. */
export function FieldCards(props: {
  view: View;
  /** Fields that are shown elsewhere on the screen. */
  without?: readonly string[];
  /** Only what stands under these headings. */
  parts?: readonly Key[];
  /** Leave out what is not filled in. */
  filled?: boolean;
}) {
  const { view } = props;
  const hidden = new Set(props.without);
  const all = partsOf(view.spec, (field) => {
    if (field.kind === "log" || hidden.has(field.name)) return false;
    const isShown = !isEmpty(view.get(field.name)) || isOffered(field.name, (name) => view.get(name));
    return !props.filled || isShown;
  });
  const shown = all.filter((part) => !props.parts || props.parts.includes(part.heading));
  return (
    <>
      {shown.map((part) => (
        <Card key={part.heading} title={t(part.heading)} flush>
          <FieldRows view={view} fields={part.fields} />
        </Card>
      ))}
    </>
  );
}

interface FieldRowsProps {
  view: View;
  fields: readonly Field[];
  /** What in the address names the field to be gone on with: two records may stand on a screen. */
  asked?: "field" | "facts";
}

export function FieldRows({ view, fields, asked = "field" }: FieldRowsProps) {
  const { replica } = useSession();
  const [open, setOpen] = useState<Field | null>(() => askedFor(fields, asked));
  const mayEdit = may(view.spec, "edit", replica.role.value);
  return (
    <>
      <ul class="list">
        {fields.map((field) => (
          <FieldRow
            key={field.name}
            view={view}
            field={field}
            onEdit={mayEdit && isAsked(field) ? () => setOpen(field) : null}
          />
        ))}
      </ul>
      {open && <EditField view={view} field={open} onClose={() => setOpen(null)} />}
    </>
  );
}

/** The field that the address names: a draft of it is to be gone on with. */
function askedFor(fields: readonly Field[], asked: string): Field | null {
  const name = place.peek().query.get(asked);
  return fields.find((field) => field.name === name) ?? null;
}

/** Creation facts that have a value stay; everything that is asked for can be changed. */
const isAsked = (field: Field): boolean => inputOf(field) !== "shown" && field.policy !== "once";

function FieldRow({
  view,
  field,
  onEdit,
}: {
  view: View;
  field: Field;
  onEdit: (() => void) | null;
}) {
  const { model } = useSession();
  const value = view.get(field.name);
  const words = inWords(field, value, model);
  const marks = view.marks.get(field.name);
  if (field.kind === "attachment" && typeof value === "string") {
    return <PhotoFieldRow view={view} field={field} digest={value} onEdit={onEdit} />;
  }
  const inside = (
    <>
      <span class="words">
        <span class="name">
          {onEdit && <Pause>{t("action.change")}</Pause>}
          {said(field.label)}
          {onEdit && <Pause>{t("value.is")}</Pause>}
        </span>
        <span class={words ? "value prewrap" : "value quiet"}>{words || t("value.empty")}</span>
        {marks && (
          <span class="marks">
            <Marks of={marks} />
          </span>
        )}
      </span>
      {onEdit && <Icon name="edit" />}
    </>
  );
  return (
    <li class="fieldrow" data-field={field.name}>
      {onEdit ? (
        <button type="button" class="row" onClick={onEdit}>
          {inside}
        </button>
      ) : (
        <div class="row">{inside}</div>
      )}
      {field.name === "phone" && words && <Call number={words} />}
      {field.kind === "reference" &&
        field.to !== "grid" &&
        words &&
        typeof value === "string" &&
        model.record(value).value && (
          <a
            class="button plain square"
            href={recordLink(field.to ?? "", value)}
            aria-label={t("action.open", { what: words })}
          >
            <Icon name="next" />
          </a>
        )}
      {marks?.includes("conflict") && <BothValues view={view} field={field} value={value} />}
    </li>
  );
}

/** A photo is looked at by tapping it, and changed by the button beside it. */
function PhotoFieldRow(props: {
  view: View;
  field: Field;
  digest: string;
  onEdit: (() => void) | null;
}) {
  const { view, field, digest, onEdit } = props;
  const label = said(field.label);
  const marks = view.marks.get(field.name);
  return (
    <li class="fieldrow with-photo" data-field={field.name}>
      <div class="row">
        <span class="words">
          <span class="name">{label}</span>
          <ShownPhoto digest={digest} record={view.id} label={label} />
          <span class="marks">
            <Marks of={marks?.filter((mark) => mark !== "waiting")} />
          </span>
        </span>
      </div>
      {onEdit && (
        <IconButton icon="edit" label={`${t("action.change")} ${label}`} onPress={onEdit} />
      )}
      {marks?.includes("conflict") && <BothValues view={view} field={field} value={digest} />}
    </li>
  );
}

/** What holds for now, and what this worker wrote. */
function BothValues({ view, field, value }: { view: View; field: Field; value: Json }) {
  const { replica, model } = useSession();
  const mine = ownInConflict(replica.outbox({ record: view.id, all: true }), field.name);
  const shown = inWords(field, value, model) || t("value.empty");
  return (
    <dl class="both">
      <div>
        <dt>{t("conflict.holds")}</dt>
        <dd>{shown}</dd>
      </div>
      <div>
        <dt>{mine === undefined ? t("conflict.other") : t("conflict.mine")}</dt>
        <dd>
          {mine === undefined
            ? t("conflict.at_office")
            : inWords(field, mine, model) || t("value.empty")}
        </dd>
      </div>
    </dl>
  );
}

/** The value that this worker wrote and that waits in a conflict; undefined if none did. */
export function ownInConflict(works: readonly Work[], field: string): Json | undefined {
  const own = works.filter((one) => one.answer?.conflict && field in one.fields);
  return own[own.length - 1]?.fields[field];
}
