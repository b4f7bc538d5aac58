/** What waits for this worker: notices not read, and work that the server did not take. */

import { computed } from "@preact/signals";

import { phase, replica } from "./session";

/** Notices that were not read yet. */
export const unread = computed(() =>
  phase.value.name === "open" ? phase.value.model.unread.value.length : 0,
);

/** Own work that was held or refused and is not settled, photos too. */
export const kept = computed(() => {
  const status = replica.value?.status.value;
  return status ? status.kept + status.photos.refused : 0;
});

/** Both together: the number on the status bar. */
export const toSettle = computed(() => unread.value + kept.value);
