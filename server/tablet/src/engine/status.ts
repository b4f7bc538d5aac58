/**
 * Status: what a tablet may say about the work on it, and never says too early.
 *
 * "Synced" shown when it was not is the complaint that workers make most. So a tablet never
 * says it: it says that work is saved here and how much of it waits, that it is being sent, or
 * when everything was handed in.
 *
 * Invariants
 *   * `handed_in` is said only with an empty outbox and no photo that waits, and names the
 *     moment when a whole answer said so.
 *   * Whatever waits is said, with the age of the oldest.
 */
import type { Status, Words } from "./types";

export interface Counts {
  readonly waiting: number;
  readonly kept: number;
  readonly handedInMs: number | null;
  readonly photos: { readonly waiting: number };
}

type What = Status["what"];

const WORDS: { readonly [Name in What]: readonly [zh: string, en: string] } = {
  new: ["尚未与服务器联系", "Not in touch with the server yet"],
  saved: ["已存在本机，{waiting} 条待上传", "Saved on this tablet, {waiting} to be sent"],
  offline: [
    "无信号，已存在本机，{waiting} 条待上传",
    "No signal; saved on this tablet, {waiting} to be sent",
  ],
  sending: ["正在上传，{waiting} 条待确认", "Sending, {waiting} not confirmed yet"],
  handed_in: ["全部已上传", "Everything handed in"],
};

/** Said while an exchange is under way that has nothing to hand in. */
const RECEIVING = ["正在接收", "Receiving"] as const;

const PHOTOS = ["；{photos} 张照片待上传", "; photos to be sent: {photos}"] as const;
const ONLY_PHOTOS = ["已存在本机，{photos} 张照片待上传", "Saved on this tablet; photos to be sent: {photos}"] as const;

const KEPT = ["；{kept} 条等待处理", "; {kept} waiting for a decision"] as const;

/** What may be said. `sending`: an exchange is under way; `reachable`: the last one was. */
export function whatIsSo(counts: Counts, sending: boolean, reachable: boolean): What {
  if (sending) return "sending";
  if (counts.waiting + counts.photos.waiting > 0) return reachable ? "saved" : "offline";
  return counts.handedInMs === null ? "new" : "handed_in";
}

/** One line for the screen, without times: those are told by locale beside it. */
export function wordsOf(what: What, counts: Counts): Words {
  const line = (lang: 0 | 1) => {
    const kept = counts.kept > 0 ? KEPT[lang].replace("{kept}", String(counts.kept)) : "";
    const isIdle = counts.waiting === 0;
    const photos = counts.photos.waiting;
    const words = isIdle && photos > 0 ? ONLY_PHOTOS : isIdle && what === "sending" ? RECEIVING : WORDS[what];
    const more = photos > 0 && !isIdle ? PHOTOS[lang] : "";
    return (words[lang] + more).replace("{waiting}", String(counts.waiting)).replace("{photos}", String(photos)) + kept;
  };
  return { zh: line(0), en: line(1) };
}
