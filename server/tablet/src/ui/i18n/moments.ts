/**
 * Dates, times, spans and sizes as a person reads them, in the county's zone.
 *
 * The zone is the county's wherever the tablet believes itself to be: a worker who
 * comes back from a journey must see the same 14:05 as the office. Making an
 * `Intl` formatter costs far more than using one, so that each is made once.
 *
 * Everything takes milliseconds since 1970. Nothing here reads the time but
 * through `nowMs`, which ticks and so draws anew what it was read in.
 */

import { signal } from "@preact/signals";

import { language, t } from "./index";

export const COUNTY_ZONE = "Asia/Shanghai";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

const STYLES = {
  time: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  date: { year: "numeric", month: "long", day: "numeric" },
  day: { month: "long", day: "numeric" },
  weekday: { month: "long", day: "numeric", weekday: "long" },
  iso: { year: "numeric", month: "2-digit", day: "2-digit" },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>;

const made = new Map<string, Intl.DateTimeFormat>();

function formatter(style: keyof typeof STYLES, locale: string): Intl.DateTimeFormat {
  const key = `${style} ${locale}`;
  let found = made.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(locale, { ...STYLES[style], timeZone: COUNTY_ZONE });
    made.set(key, found);
  }
  return found;
}

/** Chinese as it is, English as it is written outside America: 24 November. */
const locale = (): string => (language.value === "en" ? "en-GB" : "zh-CN");

/** The present to half a minute; reading it draws anew when it moves. */
export const nowMs = signal(Date.now());
setInterval(() => {
  if (document.visibilityState === "visible") nowMs.value = Date.now();
}, MINUTE_MS / 2);

/** 14:05 */
export const time = (ms: number): string => formatter("time", locale()).format(ms);

/** 2026年11月24日, 24 November 2026 */
export const date = (ms: number): string => formatter("date", locale()).format(ms);

/** 11月24日 星期二, Tuesday 24 November */
export const weekday = (ms: number): string => formatter("weekday", locale()).format(ms);

/** 2026-11-24: the county's day as `<input type="date">` and fields of kind `date` hold it. */
export const isoDay = (ms: number): string => formatter("iso", "sv-SE").format(ms);

/** A field of kind `date` ("2026-11-24") in words; anything else comes back as it is. */
export function dayInWords(iso: string): string {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(iso) ? Date.parse(`${iso}T12:00:00+08:00`) : NaN;
  return Number.isNaN(ms) ? iso : date(ms);
}

/** The shortest that is exact: 14:05, yesterday 14:05, 3 November 14:05, with the year if not this. */
export function moment(ms: number, now: number = nowMs.value): string {
  const day = isoDay(ms);
  const clock = time(ms);
  if (day === isoDay(now)) return clock;
  if (day === isoDay(now - DAY_MS)) return t("moment.yesterday", { time: clock });
  const style = day.slice(0, 4) === isoDay(now).slice(0, 4) ? "day" : "date";
  return t("moment.day", { day: formatter(style, locale()).format(ms), time: clock });
}

/** How long ago, in one unit: just now, 5 minutes ago, 3 days ago. */
export function ago(ms: number, now: number = nowMs.value): string {
  const passed = now - ms;
  return passed < MINUTE_MS ? t("moment.now") : t("moment.ago", { span: span(passed) });
}

/** A length of time in its largest unit: 5 minutes, 3 hours, 2 days. */
export function span(ms: number): string {
  const length = Math.abs(ms);
  if (length < HOUR_MS) return t("span.minutes", { n: Math.max(1, Math.round(length / MINUTE_MS)) });
  if (length < DAY_MS) return t("span.hours", { n: Math.round(length / HOUR_MS) });
  return t("span.days", { n: Math.round(length / DAY_MS) });
}

/** Bytes as people count storage: 3.2 MB. */
export function bytes(count: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = value < 10 && unit > 0 ? 1 : 0;
  return `${value.toLocaleString(locale(), { maximumFractionDigits: digits })} ${units[unit]}`;
}
