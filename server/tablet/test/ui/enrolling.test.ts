/** Codes as people type and scan them, and the estimate of the first sync. */

import { beforeAll, describe, expect, test, vi } from "vitest";

import { useLanguage } from "../../src/ui/i18n";
import { bare, codeIn, grouped, isWhole } from "../../src/ui/screens/enrolCode";
import { remainingMs, remainingWords, share } from "../../src/ui/screens/firstSync";

describe("a code", () => {
  test("is put into groups while it is typed", () => {
    expect(["k7m", "k7m2p", "k7m2p9q4x3f8"].map(grouped)).toEqual([
      "K7M",
      "K7M2-P",
      "K7M2-P9Q4-X3F8",
    ]);
  });

  test("may be typed with blanks, in full width, and with letters that look like digits", () => {
    expect(bare(" k7m2 p9q4–x3f8 ")).toBe("K7M2P9Q4X3F8");
    expect(bare("Ｋ７Ｍ２")).toBe("K7M2");
    expect(bare("OIL")).toBe("011");
  });

  test("is whole with twelve characters, and what is more is left out", () => {
    expect(isWhole("K7M2-P9Q4-X3F")).toBe(false);
    expect(isWhole("K7M2-P9Q4-X3F8")).toBe(true);
    expect(grouped("K7M2-P9Q4-X3F8-99")).toBe("K7M2-P9Q4-X3F8");
  });

  test("is found in the link of a square, or alone", () => {
    expect(codeIn("https://yuanba.example.cn/tablet/#/enrol?code=K7M2-P9Q4-X3F8")).toBe(
      "K7M2-P9Q4-X3F8",
    );
    expect(codeIn("k7m2p9q4x3f8")).toBe("K7M2-P9Q4-X3F8");
  });

  test("is not seen in other squares", () => {
    expect(codeIn("https://example.cn/pay?id=123456789012")).toBeNull();
    expect(codeIn("https://yuanba.example.cn/tablet/#/enrol?code=K7M2")).toBeNull();
    expect(codeIn("")).toBeNull();
  });
});

describe("the first sync", () => {
  const progress = { ready: false, received: 600, expected: 1_000, feedsDone: 1, feedsTotal: 4 };

  beforeAll(async () => {
    vi.stubGlobal("document", { documentElement: {}, visibilityState: "hidden" });
    await useLanguage("zh-CN");
  });

  test("is never shown as whole before it is", () => {
    expect(share({ ...progress, received: 1_200 })).toBeLessThan(1);
    expect(share({ ...progress, ready: true })).toBe(1);
  });

  test("counts feeds where the server does not say how many records there are", () => {
    expect(share({ ...progress, expected: null })).toBe(0.25);
    expect(share({ ...progress, expected: null, feedsTotal: 0 })).toBeNull();
  });

  test("estimates from what came in this run, not from what was here before", () => {
    const run = { sinceMs: 0, received: 500 };
    expect(remainingMs(progress, run, 10_000)).toBe(40_000);
  });

  test("does not guess before a page came, in the first seconds, nor when nothing came", () => {
    expect(remainingMs(progress, null, 10_000)).toBeNull();
    expect(remainingMs(progress, { sinceMs: 0, received: 500 }, 1_000)).toBeNull();
    expect(remainingMs(progress, { sinceMs: 0, received: 600 }, 60_000)).toBeNull();
    expect(remainingWords(null)).toBe("正在下载……");
  });

  test("is told in steps that a person can use", () => {
    expect(remainingWords(40_000)).toBe("还要不到 1 分钟");
    expect(remainingWords(61_000)).toBe("大约还要 2 分钟");
  });
});
