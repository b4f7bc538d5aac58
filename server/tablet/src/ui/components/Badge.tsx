/**
 * The badge that every record and every entry of the outbox carries: what is so.
 *
 * A state is told by words, a shape and a colour, never by the colour alone. No
 * state says that something is handed in before the server has said so.
 */

import { type Key, t } from "../i18n";
import { Icon, type IconName } from "./Icon";

export type State =
  | "draft"
  | "waiting"
  | "sending"
  | "handed_in"
  | "conflict"
  | "held"
  | "rejected";

/** How each state looks and reads. `waiting` is grey: being offline is no fault. */
const LOOKS: Record<State, { tone: string; icon: IconName; words: Key }> = {
  draft: { tone: "", icon: "edit", words: "state.draft" },
  waiting: { tone: "", icon: "device", words: "state.waiting" },
  sending: { tone: "info", icon: "cloud", words: "state.sending" },
  handed_in: { tone: "good", icon: "check", words: "state.handed_in" },
  conflict: { tone: "warn", icon: "conflict", words: "state.conflict" },
  held: { tone: "warn", icon: "clock", words: "state.held" },
  rejected: { tone: "bad", icon: "alert", words: "state.rejected" },
};

/** `words`: more exact ones than the state's own, such as how much has been sent. */
export function Badge({ state, words }: { state: State; words?: string | undefined }) {
  const look = LOOKS[state];
  return (
    <span class={`tag badge ${look.tone}`}>
      <Icon name={look.icon} />
      {words ?? t(look.words)}
    </span>
  );
}

/** A few words in a frame: a care category, a count, a remark. */
export function Tag(props: {
  children: string;
  tone?: "warn" | "bad" | "good" | "info" | undefined;
}) {
  return <span class={`tag ${props.tone ?? ""}`}>{props.children}</span>;
}

/** How many there are, as a small number; nothing for none. `label` says of what. */
export function Count({ n, label }: { n: number; label: string }) {
  if (n === 0) return null;
  return (
    <span class="count">
      {n > 99 ? "99+" : n}
      <span class="unseen"> {label}</span>
    </span>
  );
}
