/**
 * Buttons: what a person can do here. At least 48 pixels high on every screen.
 *
 * With `href` it is a link that looks like a button: it leads somewhere, and a
 * long press opens it elsewhere. A busy button keeps its width and its focus and
 * does nothing, so that nobody sends twice and nothing jumps.
 */

import type { ComponentChildren } from "preact";

import { Icon, type IconName } from "./Icon";

export interface ButtonProps {
  children: ComponentChildren;
  /** `primary`: the one thing to do on this screen. `danger`: what cannot be undone. `plain`: no frame. */
  kind?: "primary" | "danger" | "plain" | undefined;
  icon?: IconName | undefined;
  /** As wide as what it stands in. */
  wide?: boolean | undefined;
  busy?: boolean | undefined;
  disabled?: boolean | undefined;
  href?: string | undefined;
  type?: "button" | "submit" | undefined;
  onPress?: (() => void) | undefined;
  /** More words for a screen reader, where the text alone does not say which. */
  label?: string | undefined;
  pressed?: boolean | undefined;
}

export function Button(props: ButtonProps) {
  const { kind, icon, wide, busy, href } = props;
  const classes = ["button", kind, wide && "wide"].filter(Boolean).join(" ");
  const inside = (
    <>
      {icon && <Icon name={icon} />}
      <span>{props.children}</span>
    </>
  );
  if (href !== undefined) {
    return (
      <a class={classes} href={href} aria-label={props.label}>
        {inside}
      </a>
    );
  }
  return (
    <button
      class={classes}
      type={props.type ?? "button"}
      disabled={props.disabled}
      aria-busy={busy || undefined}
      aria-disabled={busy || undefined}
      aria-label={props.label}
      aria-pressed={props.pressed}
      onClick={(event) => {
        if (busy) event.preventDefault();
        else props.onPress?.();
      }}
    >
      {inside}
    </button>
  );
}

/** A square button with an icon alone; its words are its label. */
export function IconButton(props: {
  icon: IconName;
  label: string;
  onPress: () => void;
  disabled?: boolean | undefined;
}) {
  return (
    <button
      class="button plain square"
      type="button"
      aria-label={props.label}
      title={props.label}
      disabled={props.disabled}
      onClick={props.onPress}
    >
      <Icon name={props.icon} />
    </button>
  );
}
