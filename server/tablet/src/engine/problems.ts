/**
 * Problems: every way in which the engine says no, with words for the person.
 *
 * The contract's codes come from the server or are found here before anything is sent
 * (problem_words.ts); what can go wrong on the tablet itself and on the way is below.
 *
 * Invariants
 *   * Whatever the engine throws on purpose is a `Refused`; `problemOf` makes a problem of
 *     anything else that was thrown, a browser's own errors included.
 *   * No value that somebody typed is in a problem: names, labels, limits and codes only.
 */
import type { Field, RecordType } from "./catalogue";
import { PROBLEMS } from "./problem_words";
import type { Fields, Json, Problem, Refusal, Words } from "./types";
import { has } from "./values";

type Row = readonly [definite: boolean, zh: string, en: string];

/** What only a tablet can find. */
export const LOCAL_PROBLEMS = {
  unreachable: [
    false,
    "连不上服务器。内容已存在本机，有信号后会自动再试。",
    "The server cannot be reached. Work is saved on this tablet; it is tried again by itself.",
  ],
  not_our_server: [
    false,
    "回答的不是院坝服务器，可能要先登录这个无线网络，或地址不对。内容仍在本机。",
    "What answered is not the server: this Wi-Fi may want you to sign in, or the address is wrong. Work stays on this tablet.",
  ],
  answer_cut: [
    false,
    "接收到一半断了，已收到的部分有效，稍后接着收。",
    "The answer broke off. What came is kept; the rest is fetched later.",
  ],
  storage_full: [
    false,
    "本机存储空间已满，这次没有保存。请删除一些照片或应用，再按一次保存。",
    "This tablet's storage is full; this was not saved. Delete some photos or apps, then save again.",
  ],
  storage_closed: [
    false,
    "浏览器不允许在本机保存数据（无痕模式、被清除或被占用）。请用普通窗口重新打开本应用。",
    "The browser does not let the app store data (private mode, cleared, or blocked). Open the app in an ordinary window.",
  ],
  storage_moved: [
    false,
    "本机数据已被另一个窗口更新或删除，这次没有保存。请重新打开本应用。",
    "Another window has updated or deleted the data on this tablet; this was not saved. Open the app again.",
  ],
  storage_newer: [
    true,
    "本机数据是更新版本的应用保存的。请更新应用。",
    "The data on this tablet was saved by a newer version of the app. Update the app.",
  ],
  storage_failed: [
    false,
    "没有保存成功，内容还在屏幕上。请再按一次保存。",
    "It could not be saved and is still on the screen. Save it again.",
  ],
  key_lost: [
    true,
    "本机的加密钥匙不见了，受限信息无法读取。请联系管理员重新登记设备。",
    "This tablet's encryption key is gone, so restricted facts cannot be read. Ask an administrator to enrol the device again.",
  ],
  no_crypto: [
    true,
    "此地址不是 HTTPS，浏览器不提供加密。请用 https 地址打开。",
    "This address is not HTTPS, so the browser offers no encryption. Open the app at its https address.",
  ],
  lease_expired: [
    true,
    "离线时间过长，须与服务器联系一次后才能查看资料。待上传的内容仍在本机。",
    "Offline for too long: records are shown again after one exchange with the server. Unsent work is still here.",
  ],
  no_profile: [true, "本机没有这个用户。请先登记。", "There is no such worker on this tablet. Enrol first."],
  already_sent: [
    true,
    "这条内容可能已经送到服务器，不能直接取回，请用“撤销”。",
    "This may be with the server already and cannot simply be taken out. Use undo.",
  ],
  photo_lost: [
    true,
    "本机找不到这张照片了，可能已被系统清除。请重新拍一张。",
    "This photo is not on the tablet any more; the system may have cleared it. Take it again.",
  ],
  photo_too_large: [
    true,
    "照片太大，服务器不收。请重新拍一张，或请管理员调大照片的大小上限。",
    "The photo is larger than the server takes. Take another, or ask an administrator to raise the limit.",
  ],
  photo_unreadable: [
    true,
    "这个文件不是能打开的照片。请用相机拍，或选 JPEG、PNG 格式的照片。",
    "This file is no photo that can be opened here. Take one with the camera, or choose a JPEG or PNG.",
  ],
  not_kept: [true, "这条内容不需要重新发送。", "This entry does not need to be sent again."],
  pin_form: [true, "锁屏密码应为 4 到 12 位数字。", "A PIN has 4 to 12 digits."],
  closed: [true, "应用正在关闭，这次没有保存。", "The app is being closed; this was not saved."],
  unknown: [false, "出了意外的问题，请再试一次。", "Something unexpected went wrong. Try again."],
} as const satisfies Record<string, Row>;

export type Params = { readonly [name: string]: Json };

/** A problem of a code, its words filled with `params`. An unknown code is told as it is. */
export function problem(
  code: string,
  more: { pointer?: string | null; params?: Params; told?: string | null; definite?: boolean;
    waitMs?: number | null; field?: Field | null } = {},
): Problem {
  const row = rowOf(code);
  const params = more.params ?? {};
  const [zh, en] = row === null || lacks(row, params, more.told)
    ? [more.told ?? code, more.told ?? code] : [row[1], row[2]];
  const pointer = more.pointer ?? null;
  return {
    code,
    words: { zh: fill(zh, params), en: fill(en, { ...params, label: params.label_en ?? null }) },
    pointer,
    field: pointer?.startsWith("/fields/") ? pointer.slice(8) : null,
    label: more.field ? more.field.label : null,
    definite: more.definite ?? row?.[0] ?? false,
    told: more.told ?? null,
    waitMs: more.waitMs ?? null,
  };
}

/** Whether words have blanks that nothing fills, and the server's sentence can stand for them. */
function lacks(row: Row, params: Params, told: string | null | undefined): boolean {
  const names = [...`${row[1]}${row[2]}`.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as string);
  return typeof told === "string" && names.some((name) => !has(params, name));
}

function rowOf(code: string): Row | null {
  if (has(PROBLEMS, code)) return PROBLEMS[code as keyof typeof PROBLEMS];
  if (has(LOCAL_PROBLEMS, code)) return LOCAL_PROBLEMS[code as keyof typeof LOCAL_PROBLEMS];
  return null;
}

function fill(words: string, params: Params): string {
  return words.replace(/\{(\w+)\}/g, (_whole, name: string) => String(params[name] ?? "…"));
}

/** A problem that an answer held: `code`, `pointer`, `message`, `definite`. */
export function problemTold(told: Fields, spec: RecordType | null): Problem {
  const pointer = typeof told.pointer === "string" ? told.pointer : null;
  const field = pointer?.startsWith("/fields/") ? spec?.byName.get(pointer.slice(8)) : undefined;
  return problem(String(told.code), {
    pointer,
    definite: told.definite === true,
    told: typeof told.message === "string" ? told.message : null,
    field: field ?? null,
    params: field === undefined ? {} : named(field),
  });
}

/** The one thing that the engine throws. */
export class Refused extends Error implements Refusal {
  readonly problem: Problem;

  constructor(about: string | Problem, more?: Parameters<typeof problem>[1]) {
    const told = typeof about === "string" ? problem(about, more) : about;
    super(told.code);
    this.name = "Refused";
    this.problem = told;
  }
}

/** The parameters that name a field in a problem: by its labels, where it has them. */
export function named(field: Field | string): Params {
  if (typeof field === "string") return { field, label: field, label_en: field };
  const { name, label } = field;
  return { field: name, label: label.zh || name, label_en: label.en || name };
}

/** A value that does not fit its field. */
export function badValue(field: Field | string, words: Words): Refused {
  const told = named(field);
  return new Refused("bad_value", {
    pointer: `/fields/${told.field as string}`,
    params: { ...told, ...words },
    field: typeof field === "string" ? null : field,
  });
}

/** Name of a browser's error → the code of ours. */
const BROWSERS: { readonly [name: string]: keyof typeof LOCAL_PROBLEMS } = {
  QuotaExceededError: "storage_full",
  VersionError: "storage_newer",
  InvalidStateError: "storage_closed",
  SecurityError: "storage_closed",
  NotFoundError: "storage_closed",
  OperationError: "key_lost",
  AbortError: "storage_failed",
  UnknownError: "storage_failed",
  TransactionInactiveError: "storage_failed",
  DataCloneError: "storage_failed",
};

/** What anything that was thrown means for the person. */
export function problemOf(thrown: unknown): Problem {
  if (thrown instanceof Refused) return thrown.problem;
  const error = thrown as { name?: unknown; inner?: unknown } | null;
  const code = typeof error?.name === "string" && has(BROWSERS, error.name)
    ? BROWSERS[error.name] : undefined;
  return problem(code ?? "unknown");
}
