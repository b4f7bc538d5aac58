/** The line at the top: never "handed in" before it is so, and never an alarm for being offline. */

import { beforeAll, describe, expect, test, vi } from "vitest";

import type { Problem, Status } from "../../src/engine";
import { useLanguage } from "../../src/ui/i18n";
import { clockIsOff, clockWords, statusLine, waitingWords } from "../../src/ui/status";

const NOON_MS = Date.parse("2026-11-24T12:00:00+08:00");
const HOUR_MS = 3_600_000;

const PROBLEM: Problem = {
  code: "storage_full",
  words: { zh: "满", en: "full" },
  pointer: null,
  field: null,
  label: null,
  definite: false,
  told: null,
  waitMs: null,
};

/** All is handed in and the server was just there. */
const CALM: Status = {
  what: "handed_in",
  words: { zh: "", en: "" },
  waiting: 0,
  oldestMs: null,
  kept: 0,
  photos: { waiting: 0, bytes: 0, refused: 0, kept: 0, sending: null },
  handedInMs: NOON_MS - HOUR_MS,
  lastSuccessMs: NOON_MS,
  reachable: true,
  next: { step: "rest", problem: null, atMs: null },
  storage: { usedBytes: 0, quotaBytes: 0, persisted: true },
  lease: { days: 14, daysLeft: 14, expired: false },
  firstSync: { ready: true, received: 10, expected: 10, feedsDone: 3, feedsTotal: 3 },
  trouble: null,
  offsetMs: 0,
};
const WAITING: Partial<Status> = { what: "saved", waiting: 3, oldestMs: NOON_MS - 3 * HOUR_MS };

const said = (changes: Partial<Status>, drafts = 0) => {
  const line = statusLine({ ...CALM, ...changes }, NOON_MS, drafts);
  return { tone: line.tone, words: `${line.strong} ${line.rest}` };
};

beforeAll(async () => {
  vi.stubGlobal("document", { documentElement: {}, visibilityState: "hidden" });
  await useLanguage("zh-CN");
});

describe("the status", () => {
  test("says when everything was handed in", () => {
    expect(said({})).toEqual({ tone: "handed_in", words: "已上传 11:00" });
  });

  test("says how much is saved here, and since when", () => {
    expect(said(WAITING)).toEqual({ tone: "quiet", words: "已存在本机 3 条待上传，最早 09:00" });
  });

  test("is grey when offline, with what waits", () => {
    const offline = said({ ...WAITING, what: "offline", reachable: false });
    expect(offline).toEqual({ tone: "quiet", words: "离线 已存在本机，3 条待上传，最早 09:00" });
  });

  test("tells the last exchange when offline with nothing waiting", () => {
    expect(said({ reachable: false })).toEqual({
      tone: "quiet",
      words: "离线 最近一次联系上：12:00",
    });
  });

  test("says that it sends, and how much", () => {
    expect(said({ ...WAITING, what: "sending" })).toEqual({
      tone: "sending",
      words: "正在上传 3 条",
    });
  });

  test("never says handed in before the first sync is through", () => {
    const cut: Partial<Status> = { firstSync: { ...CALM.firstSync, ready: false } };
    expect(said(cut)).toEqual({ tone: "quiet", words: "还没下载完 已收到 10 条" });
    expect(said({ ...cut, what: "sending" }).words).toBe("正在下载 已收到 10 条");
  });

  test("never says handed in while something waits, whatever else is so", () => {
    const whats: Status["what"][] = ["new", "saved", "offline", "sending", "handed_in"];
    const steps: Status["next"]["step"][] = ["rest", "again", "wait", "stop", "update", "enrol"];
    for (const what of whats) {
      for (const step of steps) {
        const line = said({ ...WAITING, what, next: { ...CALM.next, step } });
        expect(line.tone, `${what} ${step}`).not.toBe("handed_in");
        expect(line.words, `${what} ${step}`).toContain("3 条");
      }
    }
  });

  test("asks for a person when the server stops the tablet, and when the tablet cannot save", () => {
    expect(said({ ...WAITING, next: { step: "enrol", problem: PROBLEM, atMs: null } })).toEqual({
      tone: "attention",
      words: "上传不了，要找管理员 3 条待上传，最早 09:00",
    });
    expect(said({ trouble: PROBLEM }).tone).toBe("attention");
  });

  test("has nothing to boast of before anything was handed in", () => {
    expect(said({ handedInMs: null }).tone).toBe("quiet");
  });
});

describe("the words beside it", () => {
  test("name the day of the oldest when it was not today", () => {
    const status = { ...CALM, ...WAITING, oldestMs: NOON_MS - 26 * HOUR_MS };
    expect(waitingWords(status, NOON_MS)).toBe("3 条待上传，最早 昨天 10:00");
  });

  test("speak of the clock only when it is minutes off, and say in which direction", () => {
    expect(clockIsOff({ ...CALM, offsetMs: 60_000 })).toBe(false);
    expect(clockIsOff({ ...CALM, offsetMs: null })).toBe(false);
    const behind = { ...CALM, offsetMs: 3 * HOUR_MS };
    expect([clockIsOff(behind), clockWords(behind)]).toEqual([true, "本机时钟慢了 3 小时"]);
    expect(clockWords({ ...CALM, offsetMs: -3 * HOUR_MS })).toBe("本机时钟快了 3 小时");
  });
});

test("what is only a draft is named beside what was handed in", () => {
  expect(said({}, 0).words).not.toContain("草稿");
  expect(said({}, 2)).toMatchObject({ tone: "handed_in", words: "已上传 11:00；2 份草稿没存" });
});
