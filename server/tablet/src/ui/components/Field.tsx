/**
 * Fields: a label, a hint, an input and what is wrong with it.
 *
 * Why it is hard: Chinese is typed through an input method, which puts half-made
 * text ("zhang'san") into the input and fires `input` for it. Whoever saves that
 * saves nonsense. So `onValue` is called only with composed text; and a value that
 * comes from outside while somebody composes waits, or it would tear the
 * composition apart.
 *
 * Invariants
 *   - `onValue` never gets half-composed text.
 *   - What a person typed is not replaced while they type.
 *   - A field that is wrong says so in words, tied to the input, and announces it.
 *   - Half a date is told as `UNREADABLE`, never as no date.
 */

import type { ComponentChildren, RefObject } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";

import { t } from "../i18n";

export interface FieldProps {
  label: string;
  hint?: ComponentChildren;
  /** What is wrong and what to do; empty when nothing is. */
  error?: string | null | undefined;
  /** Said beside the label: what need not be filled in is marked, what must is not. */
  optional?: boolean | undefined;
}

/** What ties an input to its label, hint and error; spread it over the input. */
export interface Ties {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": true | undefined;
}

/** The frame of one input. */
export function Field(props: FieldProps & { children: (ties: Ties) => ComponentChildren }) {
  const id = useId();
  const described = [props.hint && `${id}-hint`, props.error && `${id}-wrong`].filter(Boolean);
  return (
    <div class="field">
      <label for={id}>
        {props.label}
        {props.optional && <span class="quiet"> {t("field.optional")}</span>}
      </label>
      {props.hint && (
        <p class="hint" id={`${id}-hint`}>
          {props.hint}
        </p>
      )}
      {props.children({
        id,
        "aria-describedby": described.join(" ") || undefined,
        "aria-invalid": props.error ? true : undefined,
      })}
      <Wrong id={`${id}-wrong`} error={props.error} />
    </div>
  );
}

/** What is wrong, in words; its place is there before, so that it is announced. */
export function Wrong({ id, error }: { id: string; error: string | null | undefined }) {
  return (
    <p class="wrong" id={id} role="alert" hidden={!error}>
      {error}
    </p>
  );
}

/** What both kinds of input can do. */
export type Typed = HTMLInputElement & HTMLTextAreaElement;

export interface TextFieldProps extends FieldProps {
  value: string;
  onValue: (value: string) => void;
  type?: "text" | "tel" | "search" | "date" | "datetime-local" | "password" | undefined;
  inputMode?: "text" | "numeric" | "decimal" | "tel" | "search" | undefined;
  /** Several lines; grows with its text. */
  multiline?: boolean | undefined;
  autocomplete?: string | undefined;
  maxLength?: number | undefined;
  placeholder?: string | undefined;
  disabled?: boolean | undefined;
  /** Letters and digits that are read out one by one: wider, no corrections. */
  code?: boolean | undefined;
  enterKeyHint?: "done" | "next" | "search" | "send" | undefined;
  inputRef?: RefObject<Typed | null> | undefined;
}

/** One line of text, or several. */
export function TextField(props: TextFieldProps) {
  const composed = useComposed(props.value, props.onValue, props.inputRef);
  return (
    <Field label={props.label} hint={props.hint} error={props.error} optional={props.optional}>
      {(ties) => {
        const shared = {
          ...ties,
          ...composed,
          class: props.code ? "input code" : "input",
          autocomplete: props.autocomplete ?? "off",
          maxLength: props.maxLength,
          placeholder: props.placeholder,
          disabled: props.disabled,
          enterKeyHint: props.enterKeyHint,
          autocapitalize: props.code ? ("characters" as const) : undefined,
          spellcheck: props.code ? false : undefined,
        };
        if (props.multiline) return <textarea {...shared} rows={3} />;
        // Preact types each kind of input apart; all of ours take the same attributes.
        const type = (props.type ?? "text") as "text";
        return <input {...shared} type={type} inputMode={props.inputMode} />;
      }}
    </Field>
  );
}

/**
 * What stands for half a date: the browser itself says that there is nothing, and saving would
 * take the date away that was there before.
 */
export const UNREADABLE = "…";

const valueOf = (input: Typed): string => (input.validity?.badInput ? UNREADABLE : input.value);

/** What an input needs so that half-composed text stays in it and goes nowhere. */
export function useComposed(
  value: string,
  onValue: (value: string) => void,
  given?: RefObject<Typed | null> | undefined,
) {
  const own = useRef<Typed | null>(null);
  const ref = given ?? own;
  const composing = useRef(false);
  const told = useRef(value);

  // Before the next key, not after the next frame: an older value laid over what was typed
  // meanwhile would swallow letters.
  useLayoutEffect(() => {
    const input = ref.current;
    if (input && !composing.current && valueOf(input) !== value) input.value = value;
    told.current = value;
  }, [value]);

  const tell = (event: Event) => {
    const typed = valueOf(event.currentTarget as Typed);
    if (typed === told.current) return;
    told.current = typed;
    onValue(typed);
  };
  return {
    ref,
    defaultValue: value,
    onCompositionStart: () => {
      composing.current = true;
    },
    onCompositionEnd: (event: Event) => {
      composing.current = false;
      tell(event);
    },
    onInput: (event: InputEvent) => {
      if (!composing.current && !event.isComposing) tell(event);
    },
  };
}

export interface SelectFieldProps extends FieldProps {
  value: string;
  onValue: (value: string) => void;
  options: readonly Option[];
  /** The words of the empty choice; without them there is none. */
  empty?: string | undefined;
  disabled?: boolean | undefined;
}

/** A choice of one: its value and its words. */
export interface Option {
  value: string;
  label: string;
  hint?: string | undefined;
}

/** One of many, where they would not fit side by side: the system's own list. */
export function SelectField(props: SelectFieldProps) {
  return (
    <Field label={props.label} hint={props.hint} error={props.error} optional={props.optional}>
      {(ties) => (
        <select
          {...ties}
          class="input"
          value={props.value}
          disabled={props.disabled}
          onChange={(event) => props.onValue(event.currentTarget.value)}
        >
          {props.empty !== undefined && <option value="">{props.empty}</option>}
          {props.options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
