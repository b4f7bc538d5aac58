/** Cards, and lists of rows that lead somewhere. */

import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

import { Icon, type IconName } from "./Icon";

/** A piece of a screen with a heading of its own. */
export function Card(props: {
  title?: string | undefined;
  /** Beside the heading: a count, a button. */
  action?: ComponentChildren;
  /** Rows that reach the card's edges: give it a `List`. */
  flush?: boolean | undefined;
  children: ComponentChildren;
}) {
  const id = useId();
  return (
    <section class="card" aria-labelledby={props.title ? id : undefined}>
      {props.title && (
        <header>
          <h2 id={id}>{props.title}</h2>
          {props.action}
        </header>
      )}
      <div class={props.flush ? "body flush" : "body"}>{props.children}</div>
    </section>
  );
}

export function List({ children, label }: { children: ComponentChildren; label?: string }) {
  return (
    <ul class="list" aria-label={label}>
      {children}
    </ul>
  );
}

export interface RowProps {
  title: ComponentChildren;
  second?: ComponentChildren;
  /** At the end of the row: a badge, a time, a number. */
  end?: ComponentChildren;
  icon?: IconName | undefined;
  /** Where it leads; a row with neither `href` nor `onPress` only tells. */
  href?: string | undefined;
  onPress?: (() => void) | undefined;
  current?: boolean | undefined;
}

export function ListRow(props: RowProps) {
  const leads = props.href !== undefined || props.onPress !== undefined;
  const inside = (
    <>
      {props.icon && <Icon name={props.icon} />}
      <span class="words">
        <span class="title">{props.title}</span>
        {props.second && <span class="second">{props.second}</span>}
      </span>
      {props.end && <span class="end">{props.end}</span>}
      {leads && <Icon name="next" />}
    </>
  );
  if (props.href !== undefined) {
    return (
      <li>
        <a class="row" href={props.href} aria-current={props.current || undefined}>
          {inside}
        </a>
      </li>
    );
  }
  if (props.onPress) {
    return (
      <li>
        <button
          class="row"
          type="button"
          aria-current={props.current || undefined}
          onClick={props.onPress}
        >
          {inside}
        </button>
      </li>
    );
  }
  return (
    <li>
      <div class="row">{inside}</div>
    </li>
  );
}

/** Names and values, as on a form that is filled in. */
export function Facts({ of }: { of: readonly (readonly [string, ComponentChildren])[] }) {
  return (
    <dl class="facts">
      {of.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
