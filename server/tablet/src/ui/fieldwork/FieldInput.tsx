/**
 * The input of one field, by its kind: the same for every record type.
 *
 * A value that is known elsewhere is offered below its input (`offers`), so that a
 * fact is typed once: one tap puts it in.
 */

import type { RefObject } from "preact";
import { useState } from "preact/hooks";

import type { Field } from "../../engine/catalogue";
import type { Json } from "../../engine/types";
import { Choice, type Option, SelectField, Tags, TextField } from "../components";
import { said, t } from "../i18n";
import { PhotoInput } from "../photos/PhotoInput";
import { useSession } from "../session";
import { inputOf, withHeld } from "./forms";
import { PlaceInput } from "./PlaceInput";
import { ReferenceInput } from "./ReferenceInput";
import { inWords } from "./words";

/** A value known from elsewhere, and whose it is: "户主电话". */
export interface Offer {
  value: string;
  from: string;
}

export interface FieldInputProps {
  field: Field;
  value: Json;
  onValue: (value: Json) => void;
  error?: string | null | undefined;
  offers?: readonly Offer[] | undefined;
  /** The type that it is asked for, and the record, if there is one already. */
  about?: { type: string; record: string | null } | undefined;
  /** In place of the catalogue's label. */
  label?: string | undefined;
  inputRef?: RefObject<(HTMLInputElement & HTMLTextAreaElement) | null> | undefined;
}

export function FieldInput(props: FieldInputProps) {
  const { field, value, onValue, error } = props;
  const { model } = useSession();
  const label = props.label ?? said(field.label);
  const optional = !field.required;
  const text = typeof value === "string" ? value : "";
  switch (inputOf(field)) {
    case "radios":
      return (
        <Choice
          {...{ label, error, optional, onValue }}
          value={text}
          options={optionsOf(field, true)}
        />
      );
    case "select":
      return (
        <SelectField
          {...{ label, error, optional, onValue }}
          value={text}
          options={optionsOf(field, false)}
          empty={t("choice.none")}
        />
      );
    case "checks":
      return <Checks {...props} label={label} />;
    case "boolean":
      return (
        <Choice
          {...{ label, error, optional }}
          value={String(value)}
          options={yesNo()}
          onValue={(said) => onValue(said === "null" ? null : said === "true")}
        />
      );
    case "reference":
      return (
        <ReferenceInput
          {...{ label, error, value, onValue }}
          to={field.to ?? ""}
          required={field.required}
        />
      );
    case "geometry":
      return <PlaceInput {...{ label, value, onValue }} words={inWords(field, value, model)} />;
    case "photo":
      return (
        <PhotoInput
          {...{ label, value, onValue, error, optional }}
          type={props.about?.type ?? null}
          record={props.about?.record ?? null}
        />
      );
    case "words":
      return (
        <TextField
          {...{ label, error, optional }}
          value={texts(value).join(" ")}
          hint={t("field.words")}
          onValue={(typed) => onValue(typed.split(/[\s,，、]+/).filter(Boolean))}
        />
      );
    default:
      return <Typed {...props} label={label} />;
  }
}

function Checks({ field, value, onValue, error, label }: FieldInputProps & { label: string }) {
  const [held] = useState(value); // What is taken out can be put back while the form is open.
  return (
    <Tags
      {...{ label, error, onValue }}
      value={texts(value)}
      options={optionsOf(withHeld(field, held), false)}
    />
  );
}

function Typed(props: FieldInputProps & { label: string }) {
  const { field, value, onValue, error, label } = props;
  const text = typeof value === "string" ? value : "";
  const input = inputOf(field);
  const offers = (props.offers ?? []).filter((one) => one.value !== "" && one.value !== text);
  return (
    <div class="offered">
      <TextField
        {...{ label, error, onValue }}
        value={text}
        optional={!field.required}
        type={TYPES[input] ?? (field.name === "phone" ? "tel" : "text")}
        inputMode={input === "number" ? "decimal" : undefined}
        multiline={input === "longtext" || input === "entry"}
        inputRef={props.inputRef}
        enterKeyHint={input === "longtext" || input === "entry" ? undefined : "done"}
      />
      {offers.length > 0 && (
        <div class="offers">
          {offers.map((one) => (
            <button
              key={one.from + one.value}
              type="button"
              class="offer"
              onClick={() => onValue(one.value)}
            >
              <span class="quiet">{one.from}</span> {one.value}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

const TYPES: Readonly<Record<string, "date" | "datetime-local">> = {
  date: "date",
  instant: "datetime-local",
};

const texts = (value: Json): string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : [];

/** The choices of a field; a choice of few can also be left open again. */
function optionsOf(field: Field, open: boolean): Option[] {
  const options = field.choices.map((one) => ({ value: one.value, label: said(one.label) }));
  return open && !field.required ? [...options, { value: "", label: t("choice.none") }] : options;
}

const yesNo = (): Option[] => [
  { value: "true", label: t("value.yes") },
  { value: "false", label: t("value.no") },
  { value: "null", label: t("choice.none") },
];
