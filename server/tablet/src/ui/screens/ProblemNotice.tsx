/** What went wrong, as a sentence where it happened, with the code below for the office. */

import type { ComponentChildren } from "preact";

import type { Problem } from "../../engine";
import { Notice } from "../components";
import { codeLine, sentence } from "../problems";

export function ProblemNotice(props: { problem: Problem; actions?: ComponentChildren }) {
  return (
    <Notice tone="bad" live actions={props.actions}>
      <strong>{sentence(props.problem)}</strong>
      <p class="quiet small">{codeLine(props.problem)}</p>
    </Notice>
  );
}
