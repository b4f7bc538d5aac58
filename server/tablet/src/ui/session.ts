/**
 * The session: whose records are open on this tablet, and what may be shown of them.
 *
 * One signal, `phase`, says what the whole app is doing; `App` draws the screen that
 * belongs to it, whatever the address says. So no screen of the work has to ask
 * whether it may be shown.
 *
 * Invariants
 *   - Only in the phase `open` is a replica handed to screens.
 *   - Behind a lock the replica exchanges, from the start of the app on: what waits is handed
 *     in, and a tablet that the office wants erased is erased, whoever holds it.
 *   - A failure here never deletes anything.
 *   - Whether a PIN is asked for is read from the tablet, which another window may have told.
 *   - What was told to one worker goes before the next one sees the screen.
 */

import { computed, signal } from "@preact/signals";

import { type Capabilities, engine, type Problem, type Profile, type Replica } from "../engine";
import { type Model, openModel } from "../model";
import { dropToasts, toast } from "./components";
import { t } from "./i18n";
import { problemOf, sentence } from "./problems";

export type Phase =
  | { name: "starting" }
  /** This browser lacks what the app cannot do without. */
  | { name: "incapable"; capabilities: Capabilities }
  /** Nobody is enrolled here, or somebody more is being enrolled. */
  | { name: "enrol" }
  /** Several workers, and none is chosen. */
  | { name: "choose" }
  | { name: "locked"; profile: Profile }
  | { name: "open"; replica: Replica; model: Model }
  /** The tablet's own storage does not open. */
  | { name: "failed"; problem: Problem };

export const phase = signal<Phase>({ name: "starting" });

/** Everybody enrolled on this tablet, last used first. */
export const profiles = signal<readonly Profile[]>([]);

/** The open replica, locked or not; null while there is none. */
const opened = signal<{ replica: Replica; model: Model } | null>(null);

/** The open replica for what is shown in every phase, such as the status. */
export const replica = computed(() => opened.value?.replica ?? null);

/** The replica and the model, for screens: they are drawn only while these are there. */
export function useSession(): { replica: Replica; model: Model } {
  const now = phase.value;
  if (now.name !== "open") throw new Error("A screen of the work was drawn without a replica.");
  return now;
}

/** Look what this browser can do and who is enrolled, and open what is to be opened. */
export async function start(): Promise<void> {
  try {
    const capabilities = await engine.capabilities();
    if (!capabilities.usable) {
      phase.value = { name: "incapable", capabilities };
      return;
    }
    await readProfiles();
    const [last, ...others] = profiles.value;
    if (!last) phase.value = { name: "enrol" };
    else if (last.hasPin) {
      phase.value = { name: "locked", profile: last };
      // What goes wrong is told to who has the PIN, when they open it.
      bring(last.id).catch(() => undefined);
    } else if (others.length > 0) phase.value = { name: "choose" };
    else await open(last.id);
  } catch (error) {
    phase.value = { name: "failed", problem: problemOf(error) };
  }
}

export async function readProfiles(): Promise<void> {
  profiles.value = await engine.profiles();
}

/** Open a profile and begin to exchange. The PIN, if there is one, was asked for before. */
export async function open(id: string): Promise<void> {
  await bring(id);
  const now = opened.peek();
  if (now) phase.value = { name: "open", ...now };
}

/** Have a profile's replica exchange, shown or not. */
async function bring(id: string): Promise<void> {
  const before = opened.peek();
  if (before?.replica.profile.id === id) return;
  if (before) await shut();
  const fresh = await engine.open(id);
  // Meanwhile it may have been brought by who typed the PIN quickly.
  if (opened.peek()?.replica === fresh) return;
  opened.value = { replica: fresh, model: openModel(fresh) };
  fresh.start();
}

/** Open a profile that was enrolled anew: its device and its tokens are others now. */
export async function reopen(id: string): Promise<void> {
  await shut();
  await open(id);
}

/** Let go of the open replica; nothing of it is lost. */
async function shut(): Promise<void> {
  const now = opened.peek();
  opened.value = null;
  dropToasts();
  if (!now) return;
  now.model.close();
  await now.replica.close();
}

/** Ask for the PIN again, if this worker has one. */
export async function lock(): Promise<void> {
  lockIfPin();
  await readProfiles().catch(() => undefined);
  lockIfPin();
}

function lockIfPin(): void {
  const now = phase.peek();
  if (now.name !== "open") return;
  const profile = profiles.peek().find((one) => one.id === now.replica.profile.id);
  if (profile?.hasPin) phase.value = { name: "locked", profile };
}

/** Choose another worker, or ask for a PIN that this one has. */
export async function choose(): Promise<void> {
  if (phase.peek().name === "open" && !(await saveDrafts())) return;
  await shut();
  await readProfiles();
  phase.value = profiles.value.length > 0 ? { name: "choose" } : { name: "enrol" };
}

/** Take up a profile that somebody tapped: its PIN first. */
export async function takeUp(tapped: Profile): Promise<void> {
  await readProfiles();
  const profile = profiles.value.find((one) => one.id === tapped.id) ?? tapped;
  if (profile.hasPin) phase.value = { name: "locked", profile };
  else await open(profile.id);
}

const LAST_MS = 5_000;

/** Delete a profile of this tablet with all that is in it. The person was asked. */
export async function wipe(id: string): Promise<void> {
  const open = opened.peek()?.replica;
  if (open?.profile.id === id) {
    // What was looked at and not told yet is nobody's to erase: a last exchange is tried.
    await Promise.race([open.sync("button"), new Promise((over) => setTimeout(over, LAST_MS))]);
    await shut();
  }
  await engine.wipe(id);
  await start();
}

/**
 * Put every form that somebody has begun on the disk; whether nothing of them would be lost now.
 * Where the disk is full the person is told, and what they typed stays in memory.
 */
export async function saveDrafts(): Promise<boolean> {
  const open = opened.peek()?.replica;
  try {
    await open?.drafts.flush();
  } catch (error) {
    if (open?.status.peek().next.step === "wiped") return true;
    toast(t("draft.not_kept", { why: sentence(problemOf(error)) }));
    return false;
  }
  return true;
}
