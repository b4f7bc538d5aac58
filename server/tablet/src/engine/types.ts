/**
 * What screens may ask of the engine, and what it tells them.
 *
 * The engine holds one worker's copy of their records and their work on it. It is handed
 * what a worker did and keeps it durably; it exchanges with the server when it can; and it
 * never says more than is so. Screens see nothing of stamps, pages or IndexedDB.
 *
 * How to use it
 *   * Reading is synchronous: `view`, `views`, `outbox`, `model`. All of it is in memory.
 *   * Writing is a promise. When it resolves, what was done is on the disk. When it rejects
 *     (with a `Refusal`), nothing was kept: leave the form as it is and show `problem.words`.
 *   * What changes is a signal (`status`, `drafts.all`, the model's) or is told by `onChange`.
 *   * Times are milliseconds since 1970 by the tablet's own clock, unless said otherwise.
 *   * Whatever is for a person comes in both languages: `Words`.
 */
import type { ReadonlySignal } from "@preact/signals-core";

import type { Catalogue, RecordType } from "./catalogue";

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type Fields = { readonly [name: string]: Json };
export type Lang = "zh" | "en";

/** One sentence, in both languages. `words[lang]`. */
export interface Words {
  readonly zh: string;
  readonly en: string;
}

// Problems ----------------------------------------------------------------------------------

/**
 * Why something was not done. `code` is one of the contract's (PROTOCOL.md, Codes) or of
 * `LOCAL_PROBLEMS` in problems.ts (`storage_full`, `storage_closed`, `unreachable`, …).
 */
export interface Problem {
  readonly code: string;
  /** What happened and what to do. */
  readonly words: Words;
  /** JSON pointer of what it is about: `/fields/phone` puts it beside that input. */
  readonly pointer: string | null;
  /** The field that `pointer` names, if it names one. */
  readonly field: string | null;
  /** The label of that field. */
  readonly label: Words | null;
  /** False: it may have happened, or may come off when it is tried again. */
  readonly definite: boolean;
  /** The server's own sentence, in the language that was asked for; null if it said none. */
  readonly told: string | null;
  /** Not before so many ms, where the server said so. */
  readonly waitMs: number | null;
}

/** Thrown by everything here that can say no. Nothing else is thrown on purpose. */
export interface Refusal extends Error {
  readonly problem: Problem;
}

// Profiles ----------------------------------------------------------------------------------

/** One worker on this tablet. */
export interface Profile {
  /** Names the profile on this tablet only. It stays when the server gives a new device id. */
  readonly id: string;
  /** The device id that the server gave, 8 characters. */
  readonly device: string;
  readonly user: string;
  /** The worker's name, once their user record has come; until then what was typed. */
  readonly name: string;
  /** The server's address; empty for the server that the app came from. */
  readonly server: string;
  readonly lastUsedMs: number;
  /** Operations that wait on this tablet, as they were counted last. */
  readonly waiting: number;
  readonly hasPin: boolean;
}

export interface Enrolling {
  /** The one-time code, as typed or read from the QR code; blanks and hyphens do not matter. */
  code: string;
  /** What the tablet is called at the office: "王芳的平板". */
  name: string;
  /** Address of the server, if not the one that the app came from: `https://…`. */
  server?: string;
  /**
   * A profile of this tablet that is enrolled anew (its token is not known any more, or the
   * server lost it). Its unsent work goes with it. If the code turns out to be another
   * worker's, a profile of its own is made and this one stays as it was.
   */
  profile?: string;
}

/** What this browser lacks. Everything is there if `missing` is empty. */
export interface Capabilities {
  /** `storage`, `crypto` and `streams` are needed; without `locks`, `gzip`, `persist` it works. */
  readonly missing: readonly (
    | "storage" | "crypto" | "streams" | "locks" | "gzip" | "persist" | "service_worker"
  )[];
  readonly usable: boolean;
  /** False over plain HTTP on a LAN: then there is no crypto and no service worker. */
  readonly secureContext: boolean;
}

export type PinAnswer =
  | { readonly ok: true }
  /** `waitMs`: no more tries before that. */
  | { readonly ok: false; readonly waitMs: number };

/** The one way in: `import { engine } from "../engine"`. */
export interface Engine {
  /** What this browser can do. Touches IndexedDB once, because private modes only then say no. */
  capabilities(): Promise<Capabilities>;

  /** The profiles on this tablet, last used first. */
  profiles(): Promise<readonly Profile[]>;

  /**
   * Turn a one-time code into a profile. What is asked is kept before it is sent: calling it
   * again with the same code after a lost answer, even after a restart, burns nothing.
   * Refuses with the server's code (`code_unknown`, `too_many_requests`, …) and its sentence in
   * `problem.told`, or with `unreachable`, `not_our_server`, `storage_closed`.
   */
  enrol(asked: Enrolling): Promise<Profile>;

  /** Open a profile's replica. One that is open already is given again. */
  open(profile: string): Promise<Replica>;

  /** Delete a profile with everything in it, unsent work too. Ask the person first. */
  wipe(profile: string): Promise<void>;

  /** The PIN locks the screen and nothing else. 4 to 12 digits; null takes it away. */
  setPin(profile: string, pin: string | null): Promise<void>;
  /** Whether the PIN is right. After 5 wrong ones each try must wait longer, also after a restart. */
  checkPin(profile: string, pin: string): Promise<PinAnswer>;
}

// Records -----------------------------------------------------------------------------------

/** What is to be said of a field, or of the whole record under the name `*`. */
export type Mark = "waiting" | "held" | "rejected" | "conflict";

/** A record as its worker sees it: the server's row with their own work laid over it. Immutable. */
export interface View {
  readonly id: string;
  readonly type: string;
  readonly spec: RecordType;
  /** The version of the row: changes whenever what is shown changes. */
  readonly head: string;
  readonly deleted: boolean;
  /** The shown value of a field; null where there is none. */
  get(name: string): Json;
  /** As text: `""` for null, so that it can go straight into a sentence or an input. */
  text(name: string): string;
  /** All shown values, unknown fields too. Makes a new object: prefer `get` in lists. */
  values(): { [name: string]: Json };
  /** Field or `*` → marks, in the order waiting, held, rejected, conflict. Often empty. */
  readonly marks: ReadonlyMap<string, readonly Mark[]>;
  /** The worst mark anywhere on the record, or null: for a badge in a list. */
  readonly badge: Mark | null;
}

// Work --------------------------------------------------------------------------------------

/** What a worker did to one record. */
export interface Draft {
  kind: "create" | "edit" | "transition" | "delete" | "restore" | "merge" | "resolve";
  type: string;
  record: string;
  /**
   * New values as they are shown (only what differs is sent), or changes by the field's policy:
   * `{add: 1}` for a sum, `{add: [...], remove: [...]}` for tags, `{append: "…"}` for a log.
   * In a transition the workflow's field holds the new state.
   */
  fields?: Fields;
  /** Members that only some kinds have: `conflict`, `into`, `undoes`, `reason`. */
  extra?: Fields;
}

/**
 * What became of an own operation.
 *   `waiting`       in the outbox, not acknowledged yet
 *   `arriving`      the server has it; its row is on its way
 *   `held`          the server keeps it for a person, or for something it waits for
 *   `rejected`      the server will not take it as it is: to be repaired
 *   `acknowledged`  settled (applied, merged, or in a conflict that a person decides)
 */
export type WorkState = "waiting" | "arriving" | "held" | "rejected" | "acknowledged";

/** One entry of the outbox page. */
export interface Work {
  readonly stamp: string;
  readonly state: WorkState;
  readonly kind: Draft["kind"];
  readonly type: string;
  readonly record: string;
  /** What was changed, in the forms of the operation. */
  readonly fields: Fields;
  /** What was shown before, by field: for "13900… → 13800…". Empty for a create. */
  readonly was: Fields;
  readonly group: string | null;
  readonly atMs: number;
  /** Whether it was in a request once. If so the server may have it, whatever it answered. */
  readonly sent: boolean;
  readonly answer: {
    readonly outcome: "applied" | "merged" | "conflict" | "held" | "rejected";
    readonly conflict: string | null;
    readonly needs: string | null;
    readonly problem: Problem | null;
  } | null;
  /** The server's time of the answer. */
  readonly answeredMs: number | null;
  /** The operation in the contract's form, for "show the details". */
  readonly body: Fields;
  /** What a button may offer now. */
  readonly can: { readonly undo: boolean; readonly withdraw: boolean; readonly resend: boolean };
}

export interface Making {
  /** True: the server must apply all of them or none. */
  group?: boolean;
  /** Key of the form draft that this work comes from: it goes in the same moment. */
  draft?: string;
}

// Form drafts -------------------------------------------------------------------------------

/** A form that somebody has begun. Not work yet: nothing of it is ever sent. */
export interface FormDraft {
  /** `${purpose}:${record or "new"}`, or anything else that names the form. */
  readonly key: string;
  readonly purpose: string;
  readonly type: string | null;
  readonly record: string | null;
  /** What the list of drafts calls it: "走访 · 张三家". */
  readonly title: string;
  readonly values: Fields;
  readonly savedMs: number;
}

export interface Drafts {
  /** Every draft, newest first. */
  readonly all: ReadonlySignal<readonly FormDraft[]>;
  /** Why the last saving failed, or null. The values stay in memory and are tried again. */
  readonly trouble: ReadonlySignal<Problem | null>;
  get(key: string): FormDraft | undefined;
  /**
   * Keep what stands in a form now. Call it at each input (not while an IME composes: only
   * `compositionend` has a value). It is on the disk at most 300 ms later, whatever is typed
   * meanwhile; leaving the page saves at once.
   */
  put(draft: Omit<FormDraft, "savedMs">): void;
  /** Save what was put and is not on the disk yet, and wait for it. */
  flush(): Promise<void>;
  discard(key: string): Promise<void>;
}

// Photos ------------------------------------------------------------------------------------

/**
 * A photo that was taken on this tablet, as one record names it.
 *   `waiting`    the server lacks some of it
 *   `sending`    this tab is just sending it
 *   `refused`    the server will not take it: `problem` says why
 *   `handed_in`  the server has confirmed all of it; a thumb stays here
 */
export interface Photo {
  /** The value of the field that holds it: the SHA-256 of its bytes. */
  readonly digest: string;
  readonly record: string;
  readonly type: string | null;
  readonly state: "waiting" | "sending" | "refused" | "handed_in";
  readonly bytes: number;
  /** How much of it the server is known to have, 0 to 1. */
  readonly share: number;
  readonly takenMs: number;
  /** Whether all of it is still on this tablet. */
  readonly whole: boolean;
  /** Why it is refused, or was not taken when it was tried last. */
  readonly problem: Problem | null;
}

export interface Photos {
  /** Those that were named by work, newest first. What is only part of a form is not here. */
  readonly all: ReadonlySignal<readonly Photo[]>;
  /**
   * Keep a photo (JPEG) and its thumb. When it resolves they are on the disk, and its hash can be
   * put into a form; it goes to the server for each record whose saved work names it.
   */
  keep(whole: Blob, thumb: Blob, type: string | null): Promise<string>;
  /** From this tablet, without a network; null if it is not here. */
  here(digest: string, size: "whole" | "thumb"): Promise<Blob | null>;
  /** From the server, if this worker may see it. Refuses with `unreachable`, `on_its_way`, … */
  fetch(record: string, digest: string): Promise<Blob>;
  /** Send a refused one again. */
  retry(record: string, digest: string): Promise<void>;
  /** Send it no more, and let it go. Ask the person first. */
  giveUp(record: string, digest: string): Promise<void>;
}

// Status ------------------------------------------------------------------------------------

/** Why no exchange is under way, and when or by whom that ends. */
export interface Next {
  /**
   *   `rest`    all is handed in and up to date; the timer will look again
   *   `again`   an exchange follows at once
   *   `wait`    it did not come off; tried again at `atMs`
   *   `stop`    the server refuses and a person at the office must look
   *   `update`  the app is too old to receive; work is still handed in
   *   `enrol`   this device must be enrolled anew; unsent work stays
   *   `wiped`   the server had this device wiped, or another tab wiped or enrolled it anew: go
   *             back to the list of profiles
   */
  readonly step: "rest" | "again" | "wait" | "stop" | "update" | "enrol" | "wiped";
  readonly problem: Problem | null;
  readonly atMs: number | null;
}

export interface Status {
  /** `saved`: work waits, and the server was reachable last. `offline`: it waits, and was not. */
  readonly what: "new" | "saved" | "offline" | "sending" | "handed_in";
  /** One line for the screen, without times: "已存在本机，3 条待上传". */
  readonly words: Words;
  readonly waiting: number;
  /** When the oldest of what waits was made. */
  readonly oldestMs: number | null;
  /** What the server holds or rejected and nobody has settled. */
  readonly kept: number;
  readonly photos: {
    /** Photos that the server has not confirmed, and the bytes that are still to be sent. */
    readonly waiting: number;
    readonly bytes: number;
    /** Photos that the server will not take. */
    readonly refused: number;
    /** Bytes that photos take on this tablet. */
    readonly kept: number;
    /** How far the photo is that is just being sent, 0 to 1; null if none is. */
    readonly sending: number | null;
  };
  /** When a whole answer last left nothing waiting. */
  readonly handedInMs: number | null;
  /** The last exchange whose answer was whole. Nothing else counts as success. */
  readonly lastSuccessMs: number | null;
  /** Whether the server itself answered last; null before the first try. */
  readonly reachable: boolean | null;
  readonly next: Next;
  readonly storage: {
    readonly usedBytes: number | null;
    readonly quotaBytes: number | null;
    /** Whether the browser promised not to clear it; null if it cannot be asked. */
    readonly persisted: boolean | null;
  };
  readonly lease: {
    /** 0: the server sets no limit. */
    readonly days: number;
    /** Whole days left without an exchange; 0 when expired, `Infinity` without a limit. */
    readonly daysLeft: number;
    /** Then nothing but the outbox is shown: `view` is null, `views` and the model are empty. */
    readonly expired: boolean;
  };
  readonly firstSync: {
    /** True once every feed has come whole. Only then say "ready to go offline". */
    readonly ready: boolean;
    readonly received: number;
    /** How many records will come, where the server says so. */
    readonly expected: number | null;
    readonly feedsDone: number;
    readonly feedsTotal: number;
  };
  /** Something wrong on this tablet itself (storage full, closed, …); null if not. */
  readonly trouble: Problem | null;
  /** Server minus this tablet, ms, as last measured: a clock that is hours wrong can be shown. */
  readonly offsetMs: number | null;
}

// Changes -----------------------------------------------------------------------------------

/** What has just changed. Told after it is on the disk. */
export interface Change {
  /** `mine`: done here (in this tab or another). `server`: came from the server. */
  readonly by: "mine" | "server";
  /** Records whose view may have changed. */
  readonly records: ReadonlySet<string>;
  /** True: take everything anew (another server, a lease that ended, a new catalogue). */
  readonly whole: boolean;
}

/** A file of unsent work: `count` operations wait in it, or `photos` photos. */
export interface UnsentFile {
  readonly name: string;
  readonly blob: Blob;
  readonly count: number;
  readonly photos: number;
}

export type SyncReason = "button" | "start" | "online" | "visible" | "timer" | "work";

// The replica -------------------------------------------------------------------------------

export interface Replica {
  readonly profile: Profile;
  /** The record types. `spec.fields[i].label[lang]`, `.choices`, `.required`; empty at first. */
  readonly catalogue: ReadonlySignal<Catalogue>;
  readonly status: ReadonlySignal<Status>;
  readonly drafts: Drafts;
  readonly photos: Photos;
  /** The worker's role, from their user record; null until it has come. */
  readonly role: ReadonlySignal<string | null>;

  // Reading

  /** A record as shown, through the one that stands for it if it was merged. Null: not here. */
  view(record: string): View | null;
  /** All records of a type that are shown (no deleted ones), or those of `ids`, in order of ids. */
  views(type: string, ids?: Iterable<string>): View[];
  /** The server's row alone, without own work. */
  base(record: string): View | null;
  /** Own operations, oldest first: those that wait, arrive or are kept; `all`: settled ones too. */
  outbox(options?: { record?: string; all?: boolean }): readonly Work[];
  work(stamp: string): Work | null;
  /** What has changed. Returns a function that ends the subscription. */
  onChange(listener: (change: Change) => void): () => void;

  // Working: each promise resolves when it is on the disk, or rejects with a `Refusal`

  /** Queue what was done, all or nothing. A stamp each, null for what changed nothing. */
  make(drafts: readonly Draft[], options?: Making): Promise<readonly (string | null)[]>;
  /** A new record; answers with its id. */
  create(type: string, fields: Fields, options?: Making & { record?: string }): Promise<string>;
  edit(record: string, fields: Fields, options?: Making): Promise<string | null>;
  /** A step of the workflow from the state that is shown. */
  transition(record: string, state: string, fields?: Fields, options?: Making): Promise<string | null>;
  remove(record: string): Promise<string | null>;
  restore(record: string): Promise<string | null>;
  /** Settle a conflict with a value for each field (`*`: "live" or "deleted"). */
  resolve(record: string, conflict: string, fields: Fields): Promise<string | null>;
  /**
   * Take back an own operation: the stamp that was undone, or of the operation that undoes it.
   * What was never sent is simply taken out. Refuses with `nothing_to_undo`.
   */
  undo(stamp: string): Promise<string>;
  /** Take a kept entry off the screen (the server keeps it), or one that was never sent out. */
  withdraw(stamp: string): Promise<void>;
  /** Send a kept entry again, with other values where `fields` has them. Answers a new stamp. */
  resend(stamp: string, fields?: Fields): Promise<string>;
  /** Keep note of a look at restricted facts, in words what for, before they are shown. */
  noteLook(record: string, purpose: string): Promise<void>;
  /** A new record id (UUIDv7). */
  newId(): string;

  // Exchanging

  /** Exchange now, or join the exchange that is under way. Never rejects: see `status`. */
  sync(reason: SyncReason): Promise<Status>;
  /** Exchange by itself: at once, on `online`, on becoming visible, on a timer. */
  start(): void;
  stop(): void;

  // Keeping

  /** Ask the browser to keep the storage; whether it promised. Call it from a button. */
  persistStorage(): Promise<boolean>;
  /**
   * Everything that was not handed in, and the form drafts, as files that another device, a
   * stick or an administrator can carry to the server. One file, but for a huge outbox; and
   * one more with the photos that wait, if there are any.
   */
  exportUnsent(): Promise<readonly UnsentFile[]>;
  /** Wait for what is being written, stop exchanging, close the database. */
  close(): Promise<void>;
}
