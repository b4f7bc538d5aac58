/** The bar at the head of a screen: the way back, its title, what can be done with all of it. */

import type { ComponentChildren } from "preact";

import { t } from "../i18n";
import { back } from "../router";
import { IconButton } from "./Button";

export function Bar(props: {
  title: string;
  /** A line below the title: where this is, whose it is. */
  second?: ComponentChildren;
  /** Where Back leads if this screen was opened first; without it there is no way back. */
  up?: string | undefined;
  actions?: ComponentChildren;
}) {
  const { up } = props;
  return (
    <header class="bar">
      {up !== undefined && (
        <IconButton icon="back" label={t("action.back")} onPress={() => back(up)} />
      )}
      <div class="words">
        <h1 tabIndex={-1}>{props.title}</h1>
        {props.second && <p class="second">{props.second}</p>}
      </div>
      {props.actions && <div class="actions">{props.actions}</div>}
    </header>
  );
}
