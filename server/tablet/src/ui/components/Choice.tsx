/**
 * Choices of one or several, as things to tap: segments, a list, tags, a switch.
 *
 * All are native radios and checkboxes under the drawing, so that keys, screen
 * readers and forms work as everywhere.
 */

import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

import { t } from "../i18n";
import { type FieldProps, type Option, Wrong } from "./Field";
import { Icon } from "./Icon";

function Group(props: FieldProps & { class: string; children: ComponentChildren }) {
  const id = useId();
  const described = [props.hint && `${id}-hint`, props.error && `${id}-wrong`].filter(Boolean);
  return (
    <fieldset
      class="field"
      aria-describedby={described.join(" ") || undefined}
      aria-invalid={props.error ? true : undefined}
    >
      <legend>
        {props.label}
        {props.optional && <span class="quiet"> {t("field.optional")}</span>}
      </legend>
      {props.hint && (
        <p class="hint" id={`${id}-hint`}>
          {props.hint}
        </p>
      )}
      <div class={props.class}>{props.children}</div>
      <Wrong id={`${id}-wrong`} error={props.error} />
    </fieldset>
  );
}

export interface ChoiceProps extends FieldProps {
  value: string;
  onValue: (value: string) => void;
  options: readonly Option[];
  /** `segments` for two to five short words, `list` for longer ones. */
  look?: "segments" | "list" | undefined;
}

/** One of a few, all of them in sight. */
export function Choice(props: ChoiceProps) {
  const name = useId();
  return (
    <Group {...props} class={props.look === "list" ? "choices list-look" : "choices"}>
      {props.options.map((option) => (
        <label key={option.value} class="choice">
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={option.value === props.value}
            onChange={() => props.onValue(option.value)}
          />
          <span>
            {option.label}
            {option.hint && <small>{option.hint}</small>}
          </span>
        </label>
      ))}
    </Group>
  );
}

export interface TagsProps extends FieldProps {
  value: readonly string[];
  /** The new set, in the order of the options. */
  onValue: (value: string[]) => void;
  options: readonly Option[];
}

/** Any number of a set. */
export function Tags(props: TagsProps) {
  const has = new Set(props.value);
  const toggle = (tag: string) => {
    const next = new Set(has);
    if (!next.delete(tag)) next.add(tag);
    const known = props.options.map((option) => option.value);
    const unknown = props.value.filter((one) => !known.includes(one));
    props.onValue([...known, ...unknown].filter((one) => next.has(one)));
  };
  return (
    <Group {...props} class="tag-choices">
      {props.options.map((option) => (
        <label key={option.value} class="choice">
          <input
            type="checkbox"
            checked={has.has(option.value)}
            onChange={() => toggle(option.value)}
          />
          <span>
            <Icon name={has.has(option.value) ? "check" : "plus"} />
            {option.label}
          </span>
        </label>
      ))}
    </Group>
  );
}

/** Yes or no, at once in force. */
export function Switch(props: {
  label: string;
  hint?: ComponentChildren;
  value: boolean;
  onValue: (value: boolean) => void;
  disabled?: boolean | undefined;
}) {
  const id = useId();
  return (
    <div class="switch">
      <label for={id}>{props.label}</label>
      <input
        id={id}
        type="checkbox"
        role="switch"
        checked={props.value}
        disabled={props.disabled}
        aria-describedby={props.hint ? `${id}-hint` : undefined}
        onChange={(event) => props.onValue(event.currentTarget.checked)}
      />
      {props.hint && (
        <p class="hint" id={`${id}-hint`}>
          {props.hint}
        </p>
      )}
    </div>
  );
}
