/**
 * The status in words: what is so of this tablet's work, in one line and one tone.
 *
 * This line is why people trust the app or stop trusting it, so that it is one pure
 * function with a test for each case. "Handed in" is said only when nothing waits and
 * the server has acknowledged everything. Being offline is grey: it is no fault.
 *
 * A person is needed (`attention`) when the server will not or cannot take the work,
 * when the tablet itself cannot keep it, or when something was refused.
 */

import type { Status } from "../engine";
import type { IconName } from "./components/Icon";
import { t } from "./i18n";
import { bytes, moment, span } from "./i18n/moments";

export type Tone = "quiet" | "sending" | "handed_in" | "attention";

export interface StatusLine {
  tone: Tone;
  icon: IconName;
  /** The state, in a word or two. */
  strong: string;
  /** What more there is: since when, how many, what to do. */
  rest: string;
}

/** Minutes of difference from which a clock is worth a word: times of work are corrected. */
const CLOCK_OFF_MS = 5 * 60_000;

export const clockIsOff = (status: Status): boolean =>
  Math.abs(status.offsetMs ?? 0) >= CLOCK_OFF_MS;

/** The steps after which only a person can go on. */
const STOPPED = new Set<Status["next"]["step"]>(["stop", "update", "enrol", "wiped"]);

/** The line. `drafts`: forms that somebody has begun, and of which nobody else knows anything. */
export function statusLine(status: Status, now: number, drafts = 0): StatusLine {
  const { waiting, photos, next, trouble } = status;
  if (trouble) return line("attention", "alert", t("status.trouble"), t("status.tap"));
  if (STOPPED.has(next.step)) {
    const what = next.step === "update" ? t("status.update") : t("status.stopped");
    return line("attention", "alert", what, waitingWords(status, now));
  }
  const isAll = waiting === 0 && photos.waiting === 0;
  if (!status.firstSync.ready && isAll) return comingLine(status);
  if (status.what === "sending") {
    return line("sending", "cloud", t("status.sending"), sendingWords(status));
  }
  if (!isAll) {
    const words = waitingWords(status, now);
    if (status.reachable !== false) return line("quiet", "device", t("status.saved"), words);
    return line("quiet", "offline", t("status.offline"), t("status.offline_saved", { waiting: words }));
  }
  if (status.reachable === false) {
    return line("quiet", "offline", t("status.offline"), lastWords(status, now));
  }
  if (status.handedInMs === null) {
    return line("quiet", "device", t("status.nothing"), lastWords(status, now));
  }
  const at = moment(status.handedInMs, now);
  const rest = [t("status.handed_in.at", { at }), drafts > 0 && t("status.drafts", { n: drafts })];
  return line("handed_in", "check", t("status.handed_in"), rest.filter(Boolean).join(t("entry.part")));
}

/** During the first sync, or when it was cut: nothing is "handed in" before all has come. */
function comingLine(status: Status): StatusLine {
  const rest = t("status.down.n", { n: status.firstSync.received });
  if (status.what === "sending") return line("sending", "cloud", t("status.down"), rest);
  return line("quiet", "offline", t("status.not_down"), rest);
}

const line = (tone: Tone, icon: IconName, strong: string, rest: string): StatusLine => ({
  tone,
  icon,
  strong,
  rest,
});

/** What is on its way: entries, else a photo with how far it is, else nothing but news. */
function sendingWords({ waiting, photos }: Status): string {
  if (waiting > 0) return t("status.sending.n", { n: waiting });
  if (photos.sending === null) return t("status.asking");
  return t("status.sending.photo", { n: photos.waiting, percent: Math.floor(photos.sending * 100) });
}

/** "3 waiting, the oldest since 09:12; 1 photo waiting, 240 kB", or that nothing waits. */
export function waitingWords(status: Status, now: number): string {
  const { waiting: n, oldestMs, photos } = status;
  const entries = oldestMs === null
    ? t("status.waiting", { n })
    : t("status.waiting_since", { n, at: moment(oldestMs, now) });
  const parts = [
    n > 0 && entries,
    photos.waiting > 0 && t("status.photos", { n: photos.waiting, size: bytes(photos.bytes) }),
  ];
  return parts.filter(Boolean).join(t("status.part")) || t("status.none_waiting");
}

/** When the server was last reached for certain. */
export function lastWords(status: Status, now: number): string {
  if (status.lastSuccessMs === null) return t("status.never");
  return t("status.last", { at: moment(status.lastSuccessMs, now) });
}

/** How far off this tablet's clock is, in words, if it is worth a word. */
export function clockWords(status: Status): string {
  const offset = status.offsetMs ?? 0;
  const values = { span: span(offset) };
  return offset > 0 ? t("clock.slow", values) : t("clock.fast", values);
}
