/** Small pieces that several of these screens are made of. */

import type { ComponentChildren, TargetedKeyboardEvent } from "preact";
import { useEffect } from "preact/hooks";

import type { Mark, Problem, View } from "../../engine";
import { Badge, Button, Empty, Icon, Notice, toast } from "../components";
import { t } from "../i18n";
import { moment } from "../i18n/moments";
import { ProblemNotice } from "../screens/ProblemNotice";
import type { Elsewhere, Form } from "./useForm";

/** The badge of a record, if there is something to say. */
export function RecordBadge({ view }: { view: View }) {
  return view.badge ? <Badge state={view.badge} /> : null;
}

/** The badges of one field, or of the whole record (`*`). */
export function Marks({ of }: { of: readonly Mark[] | undefined }) {
  return (
    <>
      {of?.map((mark) => (
        <Badge key={mark} state={mark} />
      ))}
    </>
  );
}

/** Found text, marked: characters [from, to) of each range. */
export function Marked({
  text,
  ranges,
}: {
  text: string;
  ranges: readonly (readonly [number, number])[];
}) {
  if (ranges.length === 0) return <>{text}</>;
  const characters = [...text];
  const parts: ComponentChildren[] = [];
  let at = 0;
  for (const [from, to] of [...ranges].sort((a, b) => a[0] - b[0])) {
    if (from < at) continue;
    parts.push(
      characters.slice(at, from).join(""),
      <mark key={from}>{characters.slice(from, to).join("")}</mark>,
    );
    at = to;
  }
  parts.push(characters.slice(at).join(""));
  return <>{parts}</>;
}

/** Words between words for the ear alone, where the eye has lines and columns. */
export const Pause = ({ children }: { children: ComponentChildren }) => (
  <span class="pause">{children}</span>
);

/** A telephone number that can be called; the number itself is the words. */
export function Call({ number }: { number: string }) {
  return (
    <a
      class="button plain call"
      href={`tel:${number.replace(/[^\d+]/g, "")}`}
      aria-label={t("action.call", { number })}
    >
      <Icon name="phone" />
    </a>
  );
}

/** "Your draft of 09:12 is here again", with the way to begin anew; or what another window did. */
export function RestoredNotice({ form }: { form: Form }) {
  if (form.elsewhere) return <ElsewhereNotice {...form.elsewhere} />;
  if (form.restoredMs === null) return null;
  const discard = () => {
    const putBack = form.discard();
    toast(t("draft.discarded"), putBack);
  };
  return (
    <Notice
      actions={
        <Button kind="plain" icon="trash" onPress={discard}>
          {t("draft.discard")}
        </Button>
      }
    >
      {t("draft.restored", { at: moment(form.restoredMs) })}
    </Notice>
  );
}

function ElsewhereNotice({ take }: Elsewhere) {
  return (
    <Notice
      tone="warn"
      live
      actions={take && <Button onPress={take}>{t("form.elsewhere.take")}</Button>}
    >
      {t(take ? "form.elsewhere" : "form.saved_elsewhere")}
    </Notice>
  );
}

/** Why saving did not come off; what was typed still stands in the form. */
export function SavingProblem({ problem }: { problem: Problem | null }) {
  return problem && <ProblemNotice problem={problem} />;
}

/** What a screen shows whose record is not on this tablet (any more). */
export function NotHere() {
  return (
    <Empty title={t("record.not_here")} icon="help">
      <p>{t("record.not_here.why")}</p>
      <Button href="#/">{t("record.not_here.home")}</Button>
    </Empty>
  );
}

/** Buttons at the foot of a form, in sight however long it is; toasts stand above them. */
export function Foot({ children }: { children: ComponentChildren }) {
  useEffect(() => {
    document.documentElement.dataset["foot"] = "";
    return () => {
      delete document.documentElement.dataset["foot"];
    };
  }, []);
  return <div class="foot">{children}</div>;
}

/**
 * A form that is sent once and on purpose. Enter that ends a composition of the input method
 * never sends it. Enter in a line of text sends a form of one line; in a longer form it only
 * `moves on` to the next input, for it is what "done" on a screen keyboard presses.
 */
export function submitting(act: () => void, enter: "sends" | "moves on" = "sends") {
  return {
    onSubmit: (event: Event) => {
      event.preventDefault();
      act();
    },
    onKeyDown: (event: TargetedKeyboardEvent<HTMLFormElement>) => {
      if (event.key !== "Enter" || !(event.target instanceof HTMLInputElement)) return;
      const composes = event.isComposing || event.keyCode === 229;
      if (composes || enter === "moves on") event.preventDefault();
      if (!composes && enter === "moves on") moveOn(event.currentTarget, event.target);
    },
  };
}

function moveOn(form: HTMLFormElement, from: HTMLElement): void {
  const stops = [...form.querySelectorAll<HTMLElement>(
    "input:not([hidden]), textarea, select, [type=submit]",
  )];
  stops[stops.indexOf(from) + 1]?.focus();
}
