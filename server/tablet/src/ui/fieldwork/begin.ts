/** What the screens of the work watch from the moment a worker's records are open. */

import { effect } from "@preact/signals";

import { phase, profiles } from "../session";
import { awayOf } from "./away";
import { forgetOthers } from "./memory";

effect(() => {
  const now = phase.value;
  if (now.name === "open") awayOf(now.model, now.replica);
  // In these it is known who is enrolled: after somebody was erased, too.
  const isKnown = ["open", "locked", "choose", "enrol"].includes(now.name);
  if (isKnown) forgetOthers(profiles.peek().map((one) => one.id));
});
