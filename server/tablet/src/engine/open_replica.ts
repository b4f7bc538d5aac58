/**
 * An open replica: what screens hold in their hands.
 *
 * It joins what the other modules keep apart: the records, the way to the server, the form
 * drafts, the other tabs, the lease; and says of all of it, in one signal, what is so.
 *
 * Invariants
 *   * `status` is made anew from what is stored, after each change; nothing in it is guessed.
 *   * With the lease over, records are neither shown nor told, only own work.
 *   * Whatever a part throws reaches the caller as a `Refused`, or `status.trouble`.
 */
import { signal, type ReadonlySignal } from "@preact/signals-core";

import { resend, undo, withdraw } from "./amend";
import { NO_CATALOGUE, type Catalogue } from "./catalogue";
import { Client, type Outcome } from "./client";
import { FormDrafts } from "./drafts";
import { leaseOf } from "./lease";
import { Loop } from "./loop";
import { LocalPhotos } from "./photos";
import { drawBelow, uuid7, type Platform } from "./platform";
import { problemOf, Refused } from "./problems";
import { LocalReplica, type Doing } from "./replica";
import type { IndexedDbDisk } from "./replica_indexeddb";
import type { Commit, MemoryStorage } from "./replica_memory";
import { PENDING } from "./replica_storage";
import { firstSyncOf, NEVER, nextOf, sameStatus } from "./situation";
import { base32 } from "./stamps";
import { whatIsSo, wordsOf } from "./status";
import { Tabs, type Message } from "./tabs";
import { Transport } from "./transport";
import type {
  Change, Draft, Drafts, Fields, Making, Next, Problem, Profile, Replica, Status, SyncReason, UnsentFile, View, Work,
} from "./types";
import { unsentFiles } from "./unsent";
import { recordOf } from "./view";
import { workOf } from "./work";

const MINUTE_MS = 60_000;

/** Steps after which the server was reached and takes photos; also one that gives no records. */
const PHOTOS_GO: readonly Next["step"][] = ["rest", "stop", "update"];

/** What happens to the whole profile is not this module's to do. */
export interface Upkeep {
  /** Keep in the list of profiles what has become of this one. */
  readonly note: (some: Partial<Profile>) => Promise<void>;
  /** The server wants everything gone. */
  readonly wipe: () => Promise<void>;
  readonly closed: () => void;
}

export class OpenReplica implements Replica {
  readonly catalogue: ReadonlySignal<Catalogue>;
  readonly status: ReadonlySignal<Status>;
  readonly role: ReadonlySignal<string | null>;
  readonly drafts: Drafts;
  readonly photos: LocalPhotos;
  private readonly local: LocalReplica;
  private readonly forms: FormDrafts;
  private readonly client: Client;
  private readonly tabs: Tabs;
  private readonly loop: Loop;
  private readonly types = signal<Catalogue>(NO_CATALOGUE);
  private readonly situation = signal<Status>(NEVER);
  private readonly ownRole = signal<string | null>(null);
  private readonly listeners = new Set<(change: Change) => void>();
  private readonly ticker: ReturnType<typeof setInterval>;
  private syncing: Promise<Status> | null = null;
  private sending = false;
  private next: Next = NEVER.next;
  private room: Status["storage"] = NEVER.storage;
  private trouble: Problem | null = null;
  private reachable: boolean | null = null;

  constructor(
    public profile: Profile,
    private readonly storage: MemoryStorage,
    private readonly disk: IndexedDbDisk,
    private readonly platform: Platform,
    private readonly crypto: Crypto,
    private readonly upkeep: Upkeep,
  ) {
    [this.catalogue, this.status, this.role] = [this.types, this.situation, this.ownRole];
    this.local = new LocalReplica(storage, base32((below) => drawBelow(crypto, below), 4));
    this.drafts = this.forms = new FormDrafts(storage, platform.nowMs, () => {
      const problem = this.forms.trouble.peek();
      if (problem?.code === "storage_full") void this.photos.makeRoom().catch(() => false);
      this.tell();
    });
    const { server } = profile;
    const carrier = { fetch: platform.fetch, server, language: platform.language };
    this.client = new Client(this.local, new Transport(carrier), {
      nowMs: platform.nowMs,
      draw: platform.draw,
      nonce: () => uuid7(crypto, platform.nowMs()),
      about: () => this.about(),
    });
    const tabsName = `yuanba-${profile.id}`;
    this.tabs = new Tabs(tabsName, platform.locks, platform.channel, (message) => this.heard(message));
    const flush = () => void this.forms.flush().catch(() => undefined);
    this.photos = new LocalPhotos(storage, disk.pictures, {
      client: this.client,
      crypto,
      nowMs: platform.nowMs,
      draw: platform.draw,
      view: (record) => this.local.view(record),
      isOver: () => this.isOver,
      alone: (act) => this.tabs.alone(storage, platform.nowMs, act, "photos"),
      changed: () => this.tell(),
    });
    this.loop = new Loop((reason) => this.sync(reason), flush, platform.page, platform.nowMs, platform.draw);
    storage.onCommit((commit, isOwn) => this.committed(commit, isOwn));
    disk.whenGone(() => this.leave());
    this.ticker = setInterval(() => this.tell(), MINUTE_MS);
    (this.ticker as { unref?: () => void }).unref?.();
    this.types.value = this.local.types;
    this.tell();
    void this.measure();
    void this.photos.sweep(true).catch(() => undefined);
  }

  // Reading ---------------------------------------------------------------------------------

  view(record: string): View | null {
    return this.isOver ? null : this.local.view(record);
  }

  views(type: string, ids?: Iterable<string>): View[] {
    if (this.isOver) return [];
    if (ids === undefined) return this.local.views(type);
    const found = [...new Set(ids)].sort().map((id) => this.local.view(id));
    return found.filter((view): view is View => view !== null && !view.deleted && view.type === type);
  }

  base(record: string): View | null {
    return this.isOver ? null : this.local.base(record);
  }

  outbox(options: { record?: string; all?: boolean } = {}): readonly Work[] {
    const { shelf } = this.storage;
    const { record, all } = options;
    const entries = record === undefined
      ? shelf.inState(...PENDING, ...(all ? ["acknowledged" as const] : []))
      : shelf.entriesOf(record).filter((one) => all || PENDING.includes(one.state));
    return entries.map((entry) => workOf(this.local, entry));
  }

  work(stamp: string): Work | null {
    const entry = this.storage.shelf.entry(stamp);
    return entry === null ? null : workOf(this.local, entry);
  }

  onChange(listener: (change: Change) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private get isOver(): boolean {
    return this.situation.peek().lease.expired;
  }

  // Working ---------------------------------------------------------------------------------

  async make(drafts: readonly Draft[], options: Making = {}): Promise<readonly (string | null)[]> {
    const taken = options.draft === undefined ? undefined : this.forms.take(options.draft);
    try {
      return await this.worked(() => this.local.make(drafts, this.doing(options)));
    } catch (error) {
      if (taken !== undefined) this.forms.put(taken);
      throw error;
    }
  }

  async create(type: string, fields: Fields, options: Making & { record?: string } = {}): Promise<string> {
    const record = options.record ?? this.newId();
    await this.make([{ kind: "create", type, record, fields }], options);
    return record;
  }

  edit(record: string, fields: Fields, options: Making = {}): Promise<string | null> {
    return this.one("edit", record, fields, {}, options);
  }

  async transition(record: string, state: string, fields: Fields = {}, options: Making = {}): Promise<string | null> {
    const flow = this.local.view(record)?.spec.workflow;
    if (flow === null) throw new Refused("unknown_kind", { pointer: "/kind", params: { kind: "transition" } });
    return this.one("transition", record, { [flow?.field ?? ""]: state, ...fields }, {}, options);
  }

  remove(record: string): Promise<string | null> {
    return this.one("delete", record, {}, {});
  }

  restore(record: string): Promise<string | null> {
    return this.one("restore", record, {}, {});
  }

  resolve(record: string, conflict: string, fields: Fields): Promise<string | null> {
    return this.one("resolve", record, fields, { conflict });
  }

  undo(stamp: string): Promise<string> {
    const versionOf = (view: View, name: string) => recordOf(view).version(name);
    return this.worked(() => undo(this.local, stamp, this.platform.nowMs(), versionOf));
  }

  withdraw(stamp: string): Promise<void> {
    return this.worked(() => withdraw(this.local, stamp));
  }

  resend(stamp: string, fields?: Fields): Promise<string> {
    return this.worked(() => resend(this.local, stamp, fields, this.platform.nowMs()));
  }

  noteLook(record: string, purpose: string): Promise<void> {
    return this.worked(() => this.local.noteLook(record, purpose, this.platform.nowMs()));
  }

  newId(): string {
    return uuid7(this.crypto, this.platform.nowMs());
  }

  private async one(
    kind: Draft["kind"], record: string, fields: Fields, extra: Fields, options: Making = {},
  ): Promise<string | null> {
    return this.worked(async () => {
      const spec = this.local.specOf(record);
      const draft: Draft = { kind, type: spec.name, record: this.local.resolve(record), fields, extra };
      return (await this.make([draft], options))[0] ?? null;
    });
  }

  private doing(options: Making): Doing {
    const group = options.group ? this.newId() : undefined;
    return { nowMs: this.platform.nowMs(), group, draft: options.draft };
  }

  /** Do something that writes; what goes wrong is a `Refused`, and what goes right is sent soon. */
  private async worked<T>(act: () => Promise<T>): Promise<T> {
    if (this.storage.isEnded) throw new Refused(this.next.problem ?? "closed");
    try {
      const done = await act().catch(async (error: unknown) => {
        if (!await this.hasMadeRoom(error)) throw error;
        return act();
      });
      // It was written: whatever the disk refused before, it takes things again.
      if (this.trouble?.code.startsWith("storage_")) this.trouble = null;
      this.loop.work(this.next);
      return done;
    } catch (error) {
      const isTrouble = !(error instanceof Refused) || error.problem.code.startsWith("storage_");
      throw isTrouble ? new Refused(this.noteTrouble(error)) : error;
    }
  }

  /** Whether the disk was full, and photos that the server has made room. */
  private async hasMadeRoom(error: unknown): Promise<boolean> {
    return problemOf(error).code === "storage_full" && this.photos.makeRoom().catch(() => false);
  }

  /** Something of the tablet itself failed: the status says so until something comes off. */
  private noteTrouble(error: unknown): Problem {
    this.trouble = problemOf(error);
    this.tell();
    return this.trouble;
  }

  // Exchanging ------------------------------------------------------------------------------

  sync(reason: SyncReason): Promise<Status> {
    if (this.storage.isEnded) return Promise.resolve(this.situation.peek());
    this.syncing ??= this.exchange(reason).finally(() => {
      this.syncing = null;
    });
    return this.syncing;
  }

  start(): void {
    this.loop.start();
  }

  stop(): void {
    this.loop.stop();
  }

  private async exchange(reason: SyncReason): Promise<Status> {
    try {
      await this.storage.follow();
      const outcome = await this.tabs.alone(this.storage, this.platform.nowMs, async () => {
        this.report(true, this.next);
        return this.client.sync();
      });
      if (outcome === null) {
        // Another tab is at it and will tell; if it dies meanwhile, this one looks again.
        this.loop.ended({ step: "wait", problem: null, atMs: this.platform.nowMs() + MINUTE_MS });
        return this.situation.peek();
      }
      this.reachable = this.client.reachable;
      this.trouble = null;
      await this.concluded(outcome, reason);
    } catch (error) {
      if (this.storage.isEnded) return this.situation.peek();
      await this.hasMadeRoom(error); // For the next one.
      this.noteTrouble(error);
      this.report(false, this.later());
    }
    this.loop.ended(this.next);
    return this.situation.peek();
  }

  private later(): Next {
    return { step: "wait", problem: this.trouble, atMs: this.platform.nowMs() + MINUTE_MS };
  }

  private async concluded(outcome: Outcome, reason: SyncReason): Promise<void> {
    const next = nextOf(outcome, this.platform.nowMs());
    this.report(false, next);
    if (next.step === "wiped") {
      this.tabs.say({ kind: "wiped" });
      await this.upkeep.wipe();
      return;
    }
    if (PHOTOS_GO.includes(next.step)) void this.sendPhotos(reason === "button");
    await this.measure();
    const name = this.local.view(this.local.user)?.text("name") ?? "";
    const waiting = this.waiting();
    if (next.step === "rest") {
      await this.photos.sweep();
      await this.storage.tidy();
    }
    await this.noteProfile({ waiting, ...(name === "" ? {} : { name }) });
  }

  /** Photos go beside the exchanges; a failure of theirs fails nothing else. */
  private async sendPhotos(hurry: boolean): Promise<void> {
    await this.photos.run(hurry);
    await this.measure();
  }

  /** What is told of a profile that is not open: entries and photos that are not handed in. */
  private waiting(): number {
    const { waiting, photos } = this.local.counts();
    return waiting + photos.waiting;
  }

  private async noteProfile(some: Partial<Profile>): Promise<void> {
    this.profile = { ...this.profile, ...some };
    await this.upkeep.note(some);
  }

  /** Say here and in other tabs how the exchange stands. */
  private report(sending: boolean, next: Next): void {
    [this.sending, this.next] = [sending, next];
    this.tell();
    this.tabs.say({ kind: "sync", sending, next, reachable: this.reachable });
  }

  private heard(message: Message): void {
    if (this.storage.isEnded) return;
    if (message.kind === "wrote") {
      this.storage.follow().catch((error: unknown) => this.noteTrouble(error));
    } else if (message.kind === "sync") {
      [this.sending, this.next, this.reachable] = [message.sending, message.next, message.reachable];
      this.tell();
      if (!message.sending) this.loop.ended(message.next);
    } else {
      this.leave(null);
    }
  }

  /**
   * The data was deleted under this tab, or the profile enrolled anew: it is to be opened again,
   * or not at all. What is in memory is shown no more. Without a problem the office erased it.
   */
  private leave(problem: Problem | null = problemOf(new Refused("storage_moved"))): void {
    if (this.next.step === "wiped") return;
    [this.next, this.trouble] = [{ step: "wiped", problem, atMs: null }, problem];
    this.tell();
    void this.close();
  }

  // What is so ------------------------------------------------------------------------------

  private committed(commit: Commit, isOwn: boolean): void {
    if (isOwn) this.tabs.say({ kind: "wrote" });
    else if (this.storage.shelf.meta("device") !== this.local.device) return this.leave();
    this.local.forget(commit.whole ? null : commit.records);
    const isNew = this.local.readTypes();
    if (isNew) this.types.value = this.local.types;
    if (commit.drafts) this.forms.look();
    this.photos.look();
    const wasOver = this.isOver;
    this.tell();
    const whole = commit.whole || isNew || wasOver !== this.isOver;
    if (whole || commit.records.length > 0) {
      this.announce({ by: commit.by, records: new Set(this.isOver ? [] : commit.records), whole });
    }
  }

  private announce(change: Change): void {
    for (const listener of [...this.listeners]) listener(change);
  }

  /** Make the status anew. Screens are told only if it says something else than before. */
  private tell(): void {
    const { shelf } = this.storage;
    const counts = this.local.counts();
    const sending = this.photos.share;
    const what = whatIsSo(counts, this.sending || sending !== null, this.reachable ?? true);
    const before = this.situation.peek();
    const status: Status = {
      what,
      words: wordsOf(what, counts),
      ...counts,
      photos: { ...counts.photos, sending },
      lastSuccessMs: shelf.meta("success_ms") as number | null,
      reachable: this.reachable,
      next: this.next,
      storage: this.room,
      lease: leaseOf((key) => shelf.meta(key), this.platform.nowMs()),
      firstSync: firstSyncOf(shelf),
      trouble: this.trouble ?? this.forms.trouble.peek(),
      offsetMs: shelf.meta("offset_ms") as number | null,
    };
    if (sameStatus(before, status)) return;
    this.situation.value = status;
    this.ownRole.value = this.view(this.local.user)?.get("role") as string | null ?? null;
    if (before !== NEVER && before.lease.expired !== status.lease.expired) {
      this.announce({ by: "server", records: new Set(), whole: true });
    }
  }

  /** What is left of the tablet's storage. */
  private async measure(): Promise<void> {
    try {
      const { storage } = this.platform;
      const room = await storage?.estimate?.();
      const persisted = await storage?.persisted?.();
      this.room = {
        usedBytes: room?.usage ?? null, quotaBytes: room?.quota ?? null, persisted: persisted ?? null,
      };
    } catch {
      // A browser that does not tell is no trouble.
    }
    if (!this.storage.isEnded) this.tell();
  }

  private async about(): Promise<Fields> {
    const { usedBytes, quotaBytes } = this.room;
    const { appVersion } = this.platform;
    const photos = this.local.counts().photos.waiting;
    return {
      ...(appVersion === "" ? {} : { app_version: appVersion }),
      ...(usedBytes === null ? {} : { storage_used: usedBytes }),
      ...(quotaBytes === null ? {} : { storage_quota: quotaBytes }),
      ...(photos === 0 ? {} : { photos }),
      ...(this.trouble === null ? {} : { last_error: this.trouble.code }),
    };
  }

  // Keeping ---------------------------------------------------------------------------------

  async persistStorage(): Promise<boolean> {
    const promised = (await this.platform.storage?.persist?.()) ?? false;
    await this.measure();
    return promised;
  }

  async exportUnsent(): Promise<readonly UnsentFile[]> {
    await this.forms.flush().catch(() => undefined);
    const sign = await this.disk.signer();
    const photos = await this.photos.waiting();
    return unsentFiles(this.storage.shelf, this.profile, this.local.types.schema, this.platform.nowMs(), sign, photos);
  }

  async close(): Promise<void> {
    if (this.storage.isEnded) return;
    this.loop.stop();
    this.photos.stop();
    clearInterval(this.ticker);
    await this.forms.flush().catch(() => undefined);
    this.forms.stop();
    const waiting = this.waiting();
    await this.storage.end();
    this.tabs.close();
    this.disk.close();
    this.upkeep.closed();
    await this.upkeep.note({ waiting }).catch(() => undefined);
  }
}
