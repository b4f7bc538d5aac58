/**
 * Values in words: what stands in a field, as a person reads it.
 *
 * Codes, ids, milliseconds and GeoJSON never reach the screen; a value of a kind that
 * only a newer server knows is shown as text.
 */

import { choiceLabel, type Field } from "../../engine/catalogue";
import type { Json } from "../../engine/types";
import type { Model } from "../../model";
import { said, t } from "../i18n";
import { dayInWords, moment } from "../i18n/moments";
import { titleOfId } from "./titles";

/** A value in words; empty where there is none. */
export function inWords(field: Field, value: Json, model: Model): string {
  if (value === null || value === "" || (Array.isArray(value) && value.length === 0)) return "";
  switch (field.kind) {
    case "boolean":
      return value === true ? t("value.yes") : t("value.no");
    case "choice":
      return said(choiceLabel(field, String(value)));
    case "tags":
      return tagWords(field, value, model).join(t("value.and"));
    case "date":
      return dayInWords(String(value));
    case "instant":
      return typeof value === "number" ? moment(value) : String(value);
    case "reference":
      return titleOfId(String(value), model);
    case "attachment":
      return t("value.photo");
    case "geometry":
      return geometryWords(value);
    case "log":
      return t("value.entries", { n: Array.isArray(value) ? value.length : 0 });
    case "integer":
    case "number":
      return typeof value === "number" ? value.toLocaleString() : String(value);
    default:
      return typeof value === "object" ? JSON.stringify(value) : String(value);
  }
}

/** Each tag in words. Tags without choices may be ids of records (assisting units). */
export function tagWords(field: Field, value: Json, model: Model): string[] {
  if (!Array.isArray(value)) return [];
  return value.map((tag) => {
    const text = String(tag);
    if (field.choices.length > 0) return said(choiceLabel(field, text));
    return text.length === 36 ? titleOfId(text, model) : text;
  });
}

function geometryWords(value: Json): string {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return t("value.shape");
  const { type, coordinates } = value;
  if (type !== "Point" || !Array.isArray(coordinates)) return t("value.shape");
  const [longitude, latitude] = coordinates;
  if (typeof longitude !== "number" || typeof latitude !== "number") return t("value.shape");
  return t("value.point", { latitude: latitude.toFixed(5), longitude: longitude.toFixed(5) });
}

/** One entry of a log, as it stands in a row: who, when, what. */
export interface LogEntry {
  stamp: string;
  at: number | null;
  who: string;
  text: string;
}

/** The entries of a log, newest first. What waits on this tablet has no time from the server yet. */
export function logEntries(value: Json, model: Model): LogEntry[] {
  if (!Array.isArray(value)) return [];
  const read = value.map((told, index): LogEntry => {
    if (!Array.isArray(told))
      return { stamp: String(index), at: null, who: "", text: String(told) };
    const [stamp, at, actor, text] = told;
    return {
      stamp: String(stamp),
      at: typeof at === "number" ? at : null,
      who: typeof actor === "string" ? actorName(actor, model) : "",
      text: String(text),
    };
  });
  return read.reverse();
}

/** A person of the office is not among a tablet's records: then only that somebody wrote it. */
function actorName(actor: string, model: Model): string {
  if (actor === "system") return t("value.system");
  const me = model.me.value;
  if (me?.id === actor) return t("value.me");
  return model.record(actor).value?.text("name") ?? t("value.colleague");
}

/** Whole years since a birth date ("1960-11-20"), or null. */
export function ageOf(birth: Json, nowMs: number): number | null {
  const parts = typeof birth === "string" ? /^(\d{4})-(\d{2})-(\d{2})$/.exec(birth) : null;
  if (!parts) return null;
  const now = new Date(nowMs + 8 * 3_600_000);
  const [year, month, day] = parts.slice(1).map(Number) as [number, number, number];
  const had = [now.getUTCMonth() + 1, now.getUTCDate()];
  const before = had[0]! < month || (had[0] === month && had[1]! < day);
  const age = now.getUTCFullYear() - year - (before ? 1 : 0);
  return age >= 0 && age < 150 ? age : null;
}
