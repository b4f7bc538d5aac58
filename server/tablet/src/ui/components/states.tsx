/**
 * What a screen shows when it has nothing to show, not yet, or not at all; and notices.
 *
 * Loading waits before it appears: most reads come out of the tablet's own
 * database within a blink, and a flash of "loading" reads as slowness.
 */

import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";

import { t } from "../i18n";
import { Icon, type IconName } from "./Icon";

const BLINK_MS = 250;

/** Nothing here, why, and what to do about it. */
export function Empty(props: { title: string; icon?: IconName; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <Icon name={props.icon ?? "check"} />
      <strong>{props.title}</strong>
      {props.children}
    </div>
  );
}

export function Loading({ what }: { what?: string }) {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), BLINK_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class="empty" role="status">
      {late && <span class="turning" aria-hidden="true" />}
      {late && <p>{what ?? t("loading")}</p>}
    </div>
  );
}

/** What failed, what is so, what to do. The children hold the way on: a button. */
export function ErrorState(props: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty bad" role="alert">
      <Icon name="alert" />
      <strong>{props.title}</strong>
      {props.children}
    </div>
  );
}

/** A sentence that a person should not miss, where it belongs on the screen. */
export function Notice(props: {
  tone?: "info" | "good" | "warn" | "bad" | undefined;
  children: ComponentChildren;
  /** A button or two. */
  actions?: ComponentChildren;
  /** It came while somebody looked: say it aloud. */
  live?: boolean | undefined;
}) {
  return (
    <div class={`notice ${props.tone ?? "info"}`} role={props.live ? "alert" : undefined}>
      <div class="words">{props.children}</div>
      {props.actions && <div class="actions">{props.actions}</div>}
    </div>
  );
}

/** How far something is; `share` from 0 to 1, or null where nobody can know. */
export function Progress({ share, label }: { share: number | null; label: string }) {
  const percent = share === null ? undefined : Math.round(Math.min(1, Math.max(0, share)) * 100);
  return (
    <div
      class={percent === undefined ? "progress unknown" : "progress"}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
    >
      <div style={percent === undefined ? undefined : { width: `${percent}%` }} />
    </div>
  );
}
