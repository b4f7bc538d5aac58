/**
 * Tabs inside a screen: one of a few views of the same thing.
 *
 * Arrow keys move between them, as the pattern for tabs asks; only the chosen one
 * is a stop of the Tab key. The panel is the caller's: give it `panelOf(id, tab)`.
 */

import type { TargetedKeyboardEvent } from "preact";

const STEPS = new Map([
  ["ArrowRight", 1],
  ["ArrowLeft", -1],
]);

export interface Tab<Name extends string> {
  name: Name;
  label: string;
  count?: number | undefined;
  /** What is counted needs a person: the number is red. */
  urgent?: boolean | undefined;
}

export function Tabs<Name extends string>(props: {
  id: string;
  label: string;
  tabs: readonly Tab<Name>[];
  chosen: Name;
  onChoose: (name: Name) => void;
}) {
  const move = (event: TargetedKeyboardEvent<HTMLElement>) => {
    const step = STEPS.get(event.key);
    if (step === undefined) return;
    event.preventDefault();
    const now = props.tabs.findIndex((tab) => tab.name === props.chosen);
    const next = props.tabs[(now + step + props.tabs.length) % props.tabs.length];
    if (!next) return;
    props.onChoose(next.name);
    document.getElementById(`${props.id}-${next.name}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={props.label} onKeyDown={move}>
      {props.tabs.map((tab) => (
        <button
          key={tab.name}
          type="button"
          role="tab"
          id={`${props.id}-${tab.name}`}
          aria-selected={tab.name === props.chosen}
          aria-controls={`${props.id}-panel`}
          tabIndex={tab.name === props.chosen ? 0 : -1}
          onClick={() => props.onChoose(tab.name)}
        >
          {tab.label}
          {tab.count ? (
            <span class={tab.urgent ? "count" : "count calm"}>{tab.count}</span>
          ) : null}
        </button>
      ))}
    </div>
  );
}

/** What the panel of the chosen tab needs: spread it over its element. */
export const panelOf = (id: string, chosen: string) =>
  ({
    id: `${id}-panel`,
    role: "tabpanel",
    "aria-labelledby": `${id}-${chosen}`,
    tabIndex: 0,
  }) as const;
