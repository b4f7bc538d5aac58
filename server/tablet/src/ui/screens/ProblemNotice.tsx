/** What went wrong, as a sentence where it happened, with the code below for the office. */

import type { ComponentChildren } from "preact";

import type { Problem } from "../../engine";
import { Notice } from "../components";
import { codeLine, sentence } from "../problems";

export function ProblemNotice(props: {
  problem: Problem;
  actions?: ComponentChildren;
  /** It will be tried again by itself: told, but no alarm. */
  calm?: boolean;
}) {
  return (
    <Notice tone={props.calm ? "info" : "bad"} live={!props.calm} actions={props.actions}>
      <strong>{sentence(props.problem)}</strong>
      {!props.calm && <p class="quiet small">{codeLine(props.problem)}</p>}
    </Notice>
  );
}
