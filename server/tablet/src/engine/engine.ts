/**
 * The engine's way in: what this browser can do, who is enrolled, and opening a profile.
 *
 * Invariants
 *   * A profile is open at most once in a tab.
 *   * Wiping a profile deletes its database (records, outbox, tokens, key) before its name
 *     goes from the list: an interrupted wipe is seen and can be repeated.
 */
import { readCredentials } from "./client";
import { OpenReplica } from "./open_replica";
import { drawBelow, hostPlatform, uuid7, type Platform } from "./platform";
import { problem, problemOf, Refused } from "./problems";
import { asProfile, Directory, readCode, type EnrollingRow, type ProfileRow } from "./profiles";
import { LocalReplica } from "./replica";
import { deleteReplica, IndexedDbDisk } from "./replica_indexeddb";
import { MemoryStorage } from "./replica_memory";
import { newSigningKey, publicBytes } from "./sealing";
import { base32 } from "./stamps";
import { RequestRefused, Transport, Unreachable } from "./transport";
import type {
  Capabilities, Engine, Enrolling, Fields, Json, PinAnswer, Profile, Replica,
} from "./types";
import { base64 } from "./unsent";

type Lack = Capabilities["missing"][number];
const NEEDED: readonly Lack[] = ["storage", "crypto", "streams"];

class LocalEngine implements Engine {
  private directory: Promise<Directory> | null = null;
  private readonly open_ = new Map<string, Promise<OpenReplica>>();

  constructor(private readonly platform: Platform) {}

  async capabilities(): Promise<Capabilities> {
    const { platform } = this;
    const has: { readonly [Name in Lack]: boolean } = {
      storage: await this.profiles().then(() => true, () => false),
      crypto: platform.crypto !== null,
      streams: typeof ReadableStream !== "undefined" && typeof TextDecoder !== "undefined",
      locks: platform.locks !== null,
      gzip: typeof CompressionStream !== "undefined",
      persist: platform.storage?.persist !== undefined,
      service_worker: platform.hasServiceWorker,
    };
    const missing = (Object.keys(has) as Lack[]).filter((one) => !has[one]);
    const usable = !NEEDED.some((one) => missing.includes(one));
    return { missing, usable, secureContext: platform.isSecure };
  }

  profiles(): Promise<readonly Profile[]> {
    return this.safely(async (directory) => (await directory.list()).map(asProfile));
  }

  setPin(profile: string, pin: string | null): Promise<void> {
    return this.safely((directory) => directory.setPin(profile, pin));
  }

  checkPin(profile: string, pin: string): Promise<PinAnswer> {
    return this.safely((directory) => directory.checkPin(profile, pin, this.platform.nowMs()));
  }

  // Enrolling -------------------------------------------------------------------------------

  enrol(asked: Enrolling): Promise<Profile> {
    return this.safely(async (directory) => {
      const crypto = this.crypto();
      const former = asked.profile === undefined ? null : await directory.find(asked.profile);
      const row = await directory.begin({
        code: readCode(asked.code),
        nonce: uuid7(crypto, this.platform.nowMs()),
        name: asked.name,
        server: (asked.server ?? former?.server ?? "").replace(/\/+$/, ""),
        replaces: former?.device ?? null,
        profile: former?.id ?? null,
        signing: await newSigningKey(),
      });
      const told = await this.ask(directory, row);
      return this.enrolled(directory, row, told);
    });
  }

  private async ask(directory: Directory, row: EnrollingRow): Promise<Fields> {
    const { fetch, language } = this.platform;
    const transport = new Transport({ fetch, server: row.server, language });
    const { code, nonce, name, replaces, signing } = row;
    const asked: Fields = {
      code, nonce, name, platform: "browser",
      ...(replaces === null ? {} : { replaces }),
      ...(signing === null ? {} : { key: base64(await publicBytes(signing)) }),
    };
    try {
      const { told } = await transport.ask("POST", "enrol", asked);
      const isWhole = readCredentials(told) !== null && typeof told?.device === "string"
        && typeof told.user === "string";
      if (told === null || !isWhole) throw new Refused("not_our_server");
      return told;
    } catch (error) {
      if (error instanceof Unreachable) throw new Refused("unreachable");
      if (!(error instanceof RequestRefused)) throw error;
      if (error.definite && error.code === "code_unknown") await directory.giveUp(code);
      const { definite, told, waitMs } = error;
      throw new Refused(problem(error.code ?? "not_our_server", { definite, told, waitMs }));
    }
  }

  /** Keep what the server gave: in the profile that was enrolled anew, or in one of its own. */
  private async enrolled(directory: Directory, row: EnrollingRow, told: Fields): Promise<Profile> {
    const nowMs = this.platform.nowMs();
    const [device, user] = [told.device as string, told.user as string];
    const rows = await directory.list();
    const former = rows.find((one) => one.id === row.profile && one.user === user);
    // The answer may have been taken before, when the tablet died in between.
    const known = former ?? rows.find((one) => one.device === device);
    const profile: ProfileRow = {
      id: known?.id ?? base32((below) => drawBelow(this.crypto(), below), 12),
      device, user, server: row.server, lastUsedMs: nowMs,
      name: known?.name ?? row.name, waiting: known?.waiting ?? 0, pin: known?.pin ?? null, tries: 0, waitUntilMs: 0,
    };
    await this.shut(profile.id);
    const { disk, storage } = await this.storageOf(profile.id);
    try {
      await LocalReplica.enrol(storage, device, user);
      await storage.write("mine", (shelf) => {
        shelf.setMeta("credentials", { ...readCredentials(told) } as { [name: string]: Json });
        if (shelf.meta("enrolled_ms") === null) shelf.setMeta("enrolled_ms", nowMs);
      });
      await disk.keepSigningKey(row.signing);
    } finally {
      disk.close();
    }
    await directory.add(profile, row.code);
    return asProfile(profile);
  }

  // Opening ---------------------------------------------------------------------------------

  open(id: string): Promise<Replica> {
    const known = this.open_.get(id);
    if (known !== undefined) return known;
    const opening = this.safely((directory) => this.opened(directory, id));
    this.open_.set(id, opening);
    opening.catch(() => this.open_.delete(id));
    return opening;
  }

  private async opened(directory: Directory, id: string): Promise<OpenReplica> {
    const crypto = this.crypto();
    const row = { ...await directory.find(id), lastUsedMs: this.platform.nowMs() };
    const { disk, storage } = await this.storageOf(id);
    try {
      const replica = new OpenReplica(asProfile(row), storage, disk, this.platform, crypto, {
        note: (some) => directory.change(id, some),
        wipe: () => this.wipe(id),
        closed: () => this.open_.delete(id),
      });
      await directory.change(id, { lastUsedMs: row.lastUsedMs });
      return replica;
    } catch (error) {
      disk.close();
      // Erasing it was cut short: its name alone is left, and would stand in the way for ever.
      if (error instanceof Refused && error.problem.code === "no_profile") {
        await deleteReplica(this.factory(), id);
        await directory.remove(id);
      }
      throw error;
    }
  }

  private async storageOf(id: string): Promise<{ disk: IndexedDbDisk; storage: MemoryStorage }> {
    const isRestricted = (type: string | null): boolean => {
      if (type === null) return false;
      const document = storage.shelf.meta("catalogue") as Fields | null;
      const told = (document?.types as { [name: string]: { feeds?: { kind: string }[] } } | undefined)?.[type];
      return told === undefined || (told.feeds ?? []).some((rule) => rule.kind === "restricted");
    };
    const disk = await IndexedDbDisk.open(this.factory(), id, isRestricted);
    const storage = new MemoryStorage(disk);
    try {
      await storage.load();
    } catch (error) {
      disk.close();
      throw error;
    }
    return { disk, storage };
  }

  async wipe(id: string): Promise<void> {
    await this.safely(async (directory) => {
      await this.shut(id);
      await deleteReplica(this.factory(), id);
      await directory.remove(id);
    });
  }

  private async shut(id: string): Promise<void> {
    const replica = await this.open_.get(id)?.catch(() => null);
    await replica?.close();
  }

  // What can be missing ---------------------------------------------------------------------

  private crypto(): Crypto {
    if (this.platform.crypto === null) throw new Refused("no_crypto");
    return this.platform.crypto;
  }

  private factory(): IDBFactory {
    if (this.platform.indexedDB === null) throw new Refused("storage_closed");
    return this.platform.indexedDB;
  }

  /** Do something with the list of profiles; whatever is thrown is a `Refused`. */
  private async safely<T>(act: (directory: Directory) => Promise<T>): Promise<T> {
    try {
      this.directory ??= Directory.open(this.factory());
      return await act(await this.directory);
    } catch (error) {
      // The browser may have closed it; the next call opens it anew.
      if (!(error instanceof Refused) || error.problem.code.startsWith("storage_")) this.directory = null;
      throw error instanceof Refused ? error : new Refused(problemOf(error));
    }
  }
}

/** An engine on another platform: for tests and for Node. */
export function createEngine(platform: Platform): Engine {
  return new LocalEngine(platform);
}

/** The engine of this app. */
export const engine: Engine = new LocalEngine(hostPlatform());
