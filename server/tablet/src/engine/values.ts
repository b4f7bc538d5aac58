/**
 * Values: what is wrong with one, in words, before it is queued.
 *
 * A server that refuses an entry hours later cannot ask the person who typed it, so the
 * tablet judges by the same rules at the moment of typing.
 */
import type { Field } from "./catalogue";
import type { Json, Words } from "./types";

const TEXT_MAX = 1_000;
const LONGTEXT_MAX = 100_000;
const INTEGER_MAX = Number.MAX_SAFE_INTEGER;
/** Of a shape, and of what only another app knows: one value must not fill a grid's tablets. */
const JSON_MAX = 500_000;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const SHA256 = /^[0-9a-f]{64}$/;
const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;

export const UNSTORABLE: Words = {
  zh: "含有无法保存的字符",
  en: "it holds a character that cannot be stored",
};

/** Whether `value` has the form of a record id: a UUID in lower case. */
export function isRecordId(value: unknown): value is string {
  return typeof value === "string" && UUID.test(value);
}

/** Whether every store can keep `text`: no NUL, no half of a pair of surrogates. */
export function storable(text: string): boolean {
  return !text.includes("\0") && !/\p{Surrogate}/u.test(text);
}

/** The length of a text as people count it: in characters, not in UTF-16 units. */
export function lengthOf(text: string): number {
  let length = text.length;
  for (let place = 0; place < text.length - 1; place += 1) {
    const unit = text.charCodeAt(place);
    if (unit >= 0xd800 && unit < 0xdc00) length -= 1;
  }
  return length;
}

/** The order of texts by their characters, which is the order in which servers sort sets. */
export function compareTexts(one: string, other: string): number {
  if (one === other) return 0;
  const [a, b] = [one[Symbol.iterator](), other[Symbol.iterator]()];
  for (;;) {
    const [left, right] = [a.next(), b.next()];
    if (left.done) return -1;
    if (right.done) return 1;
    const difference = (left.value.codePointAt(0) ?? 0) - (right.value.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
}

/** Whether an object has a member of its own under that name. */
export function has(object: object, name: string): boolean {
  return Object.prototype.hasOwnProperty.call(object, name);
}

/** Whether two JSON values are equal; the order of an object's members does not count. */
export function same(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) {
    return false;
  }
  if (Array.isArray(one) || Array.isArray(other)) {
    return Array.isArray(one) && Array.isArray(other) && one.length === other.length
      && one.every((value, place) => same(value, other[place]));
  }
  const [left, right] = [one as Record<string, unknown>, other as Record<string, unknown>];
  const names = Object.keys(left);
  return names.length === Object.keys(right).length
    && names.every((name) => has(right, name) && same(left[name], right[name]));
}

/** Why a JSON value cannot be kept: a text in it, names included, or its size; else null. */
export function unkeepable(value: Json): Words | null {
  if (lengthOf(JSON.stringify(value)) > JSON_MAX) return { zh: "内容过长", en: "it is too long" };
  return textsIn(value).every(storable) ? null : UNSTORABLE;
}

function textsIn(value: Json): string[] {
  if (typeof value === "string") return [value];
  if (value === null || typeof value !== "object") return [];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  return Object.entries(value).flatMap(([name, inside]) => [name, ...textsIn(inside)]);
}

// Kinds -------------------------------------------------------------------------------------

type Check = (field: Field, value: Json) => Words | null;

function text(limit: number): Check {
  return (_field, value) => {
    if (typeof value !== "string") return { zh: "应为文字", en: "it must be text" };
    if (lengthOf(value) > limit) {
      return { zh: `最多 ${limit} 个字`, en: `it may hold at most ${limit} characters` };
    }
    return storable(value) ? null : UNSTORABLE;
  };
}

function integer(_field: Field, value: Json): Words | null {
  return Number.isSafeInteger(value) ? null : { zh: "应为整数", en: "it must be a whole number" };
}

function number(_field: Field, value: Json): Words | null {
  const right = typeof value === "number" && Math.abs(value) <= INTEGER_MAX;
  return right ? null : { zh: "应为数字", en: "it must be a number" };
}

function boolean(_field: Field, value: Json): Words | null {
  return typeof value === "boolean" ? null : { zh: "应为是或否", en: "it must be true or false" };
}

function date(_field: Field, value: Json): Words | null {
  const parts = typeof value === "string" ? DATE.exec(value) : null;
  if (parts !== null) {
    const [year, month, day] = parts.slice(1).map(Number) as [number, number, number];
    const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
    const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
    if (year > 0 && day >= 1 && day <= days) return null;
  }
  return { zh: "应为日期（年-月-日）", en: "it must be a date, as 2026-01-31" };
}

function choice(field: Field, value: Json): Words | null {
  if (field.choices.some((one) => one.value === value)) return null;
  return { zh: "不在可选范围内", en: "it is not one of the choices" };
}

function tags(field: Field, value: Json): Words | null {
  if (!Array.isArray(value) || !value.every((tag) => typeof tag === "string")) {
    return { zh: "应为标签列表", en: "it must be a list of tags" };
  }
  const texts = value as string[];
  const known = new Set(field.choices.map((one) => one.value));
  if (known.size > 0 && !texts.every((tag) => known.has(tag))) {
    return { zh: "含有未知的标签", en: "it holds a tag that is not one of the choices" };
  }
  if (texts.length > 200 || texts.some((tag) => lengthOf(tag) > 100 || !storable(tag))) {
    return { zh: "标签过多或过长", en: "it holds too many tags, or one that is too long" };
  }
  return null;
}

function reference(_field: Field, value: Json): Words | null {
  return isRecordId(value) ? null : { zh: "应为记录编号", en: "it must be the id of a record" };
}

function attachment(_field: Field, value: Json): Words | null {
  if (typeof value === "string" && SHA256.test(value)) return null;
  return { zh: "应为附件的校验值", en: "it must be the SHA-256 of an attachment" };
}

function positions(value: Json | undefined): boolean {
  if (Array.isArray(value)) return value.every(positions);
  return typeof value === "number" && Math.abs(value) < INTEGER_MAX;
}

function geometry(_field: Field, value: Json): Words | null {
  const shape = value !== null && typeof value === "object" && !Array.isArray(value) ? value : {};
  if (typeof shape.type !== "string" || !has(shape, "coordinates")) {
    return { zh: "应为 GeoJSON 几何图形", en: "it must be a GeoJSON geometry" };
  }
  if (!positions(shape.coordinates)) {
    return { zh: "坐标应为数字", en: "its coordinates must be numbers" };
  }
  return unkeepable(value);
}

/** Kind → what is wrong with a value (not null) of that kind, or null; of a `log`, one entry. */
export const KINDS = {
  text: text(TEXT_MAX),
  longtext: text(LONGTEXT_MAX),
  integer,
  number,
  boolean,
  date,
  instant: integer,
  choice,
  tags,
  reference,
  attachment,
  geometry,
  log: text(LONGTEXT_MAX),
} as const satisfies Record<string, Check>;

export type KindName = keyof typeof KINDS;
