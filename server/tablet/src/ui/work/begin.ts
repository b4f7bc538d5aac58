/** What the screens of the work watch from the moment a worker's records are open. */

import { effect } from "@preact/signals";

import { phase, profiles } from "../session";
import { awayOf } from "./away";
import { forgetOthers } from "./memory";

effect(() => {
  const now = phase.value;
  if (now.name !== "open") return;
  awayOf(now.model, now.replica);
  forgetOthers(profiles.peek().map((one) => one.id));
});
