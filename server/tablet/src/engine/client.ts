/**
 * The client: takes a replica through its exchanges.
 *
 * The network of a stairwell drops requests, answers and halves of answers, and the server may
 * say no for a reason that passes, or for one that a person must put right. The client does
 * what can be done without a person, in the order of the contract, and says plainly what is
 * left: wait so long, enrol again, update, stop.
 *
 * Invariants
 *   * What an answer said is in the replica before the next bytes are read.
 *   * A request that may have happened is repeated as it was: stamps and nonces are kept
 *     before they are first sent.
 *   * It never waits: it says how long to wait.
 *   * Tokens are in the replica's own storage, and in nothing that is thrown or told.
 */
import { AnswerError } from "./answer";
import type { Difference } from "./digests";
import { Intake, StaleAnswer } from "./intake";
import { problem } from "./problems";
import { linesOf, Repair, repairRequest } from "./repair";
import { BATCH_MAX, dropLooks, looksOf, type LocalReplica } from "./replica";
import { after, afterRefusal, endsAll, Session, step, type Step } from "./session";
import { RequestRefused, Unreachable, type Transport } from "./transport";
import type { Fields, Json, Problem } from "./types";

const EXCHANGES_MAX = 10_000;
const REFRESH_BEFORE_MS = 5 * 60_000;
/** A catalogue is asked for again after a day, for the cost of a 304. */
const LEARN_MS = 86_400_000;
/** Looks at restricted facts in one request. */
const LOOKS_MAX = 100;

/**
 * Who this device is to the server. `expires_at` is by the server's clock. `nonce`: of a
 * refresh that was begun and not answered; repeating it answers the same.
 */
export interface Credentials {
  readonly token: string;
  readonly expires_at: number;
  readonly refresh: string;
  readonly nonce: string | null;
}

/** What a client is handed. */
export interface Surroundings {
  readonly nowMs: () => number;
  /** A number in [0, 1). */
  readonly draw: () => number;
  readonly nonce: () => string;
  /** What the device tells of itself with each request. */
  readonly about: () => Promise<Fields>;
  /** Entries in one answer, all feeds together. */
  readonly limit?: number;
}

/** Where a sync stands, after each of its exchanges. */
export interface Outcome {
  readonly step: Step;
  readonly problem: Problem | null;
}

/** One device's way to its server. Only one sync at a time. */
export class Client {
  /** Whether the server itself answered last; null before the first try. */
  reachable: boolean | null = null;
  private failures = 0;
  private batch = BATCH_MAX;
  private told: Problem | null = null;
  private repairs = true;

  constructor(
    readonly replica: LocalReplica,
    private readonly transport: Transport,
    private readonly around: Surroundings,
  ) {}

  /** Exchange until all is handed in and up to date, or until something must be waited for. */
  async sync(): Promise<Outcome> {
    let next = step("again");
    let refreshed = false;
    this.told = null;
    for (let count = 0; next.step === "again" && count < EXCHANGES_MAX; count += 1) {
      next = await this.guard(() => this.prepare());
      if (next.step === "again") next = await this.exchange();
      if (next.step === "refresh" && !refreshed) {
        refreshed = true;
        next = await this.guard(() => this.refresh());
      } else if (next.step === "smaller") {
        next = this.smaller(next);
      }
    }
    if (this.reachable === true) await this.tellLooks();
    const code = next.code;
    const told = this.told ?? (code === null ? null : problem(code));
    return { step: next, problem: next.step === "rest" ? null : told };
  }

  /** What an exchange needs: a token that is not about to end, and the catalogue. */
  private async prepare(): Promise<void> {
    const { shelf } = this.replica.storage;
    const offsetMs = shelf.meta("offset_ms") as number | null;
    if (offsetMs !== null) { // Else this clock may be hours wrong, and nothing is known.
      const leftMs = this.credentials().expires_at - (this.around.nowMs() + offsetMs);
      if (leftMs <= REFRESH_BEFORE_MS) await this.refresh();
    }
    const schema = Math.max(1, (shelf.meta("schema") ?? 0) as number);
    if (this.replica.types.schema < schema) await this.learn();
    else if (Math.abs(this.around.nowMs() - this.learntMs()) > LEARN_MS) await this.learnIfPossible();
  }

  /** Labels and choices may have changed; work does not wait for that. */
  private async learnIfPossible(): Promise<void> {
    try {
      await this.learn();
    } catch (error) {
      if (!(error instanceof RequestRefused) && !(error instanceof Unreachable)) throw error;
    }
  }

  private learntMs(): number {
    return (this.replica.storage.shelf.meta("learnt_ms") ?? 0) as number;
  }

  /** Do something that a request is needed for; what to do next if it did not come off. */
  private async guard(act: () => Promise<void>): Promise<Step> {
    try {
      await act();
    } catch (error) {
      return this.failed(error);
    }
    return step("again");
  }

  private failed(error: unknown): Step {
    const attempt = this.failures;
    this.failures += 1;
    if (error instanceof RequestRefused) {
      this.reachable = error.code !== null;
      const code = error.code ?? "not_our_server";
      const { definite, waitMs, told } = error;
      this.told = problem(code, { definite, waitMs, told });
      return { ...afterRefusal(error, attempt, this.around.draw()), code };
    }
    if (!(error instanceof Unreachable)) throw error;
    this.reachable = false;
    this.told = problem("unreachable");
    return { ...afterRefusal({ code: null, definite: false, waitMs: null }, attempt, this.around.draw()), code: "unreachable" };
  }

  private smaller(next: Step): Step {
    if (this.batch === 1) return { ...next, step: "stop" };
    this.batch = Math.floor(this.batch / 2);
    return step("again");
  }

  // One exchange ----------------------------------------------------------------------------

  /** One request and its answer, taken in line by line. */
  private async exchange(): Promise<Step> {
    const token = this.credentials().token;
    const request = await this.replica.begin({
      nowMs: this.around.nowMs(),
      batch: this.batch,
      limit: this.around.limit ?? 2_000,
      status: await this.around.about(),
    });
    const session = new Session(request);
    const intake = new Intake(this.replica, request);
    try {
      const pieces = await this.transport.stream("exchange", request.body, token);
      await this.receive(session, intake, pieces);
    } catch (error) {
      if (error instanceof RequestRefused) return this.failed(error);
      if (error instanceof StaleAnswer) return step("wait", null, 1_000);
      // What came before the end is kept; the session says that it was cut.
      if (!(error instanceof Unreachable)) throw error;
      if (session.given === 0 && session.error === null) return this.failed(error);
    }
    return this.conclude(session, intake.differences);
  }

  private async receive(session: Session, intake: Intake, pieces: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const data of pieces) {
      await intake.take(session.receive(data), this.around.nowMs());
      if (session.given > 0) this.reachable = true;
      if (session.state === "cut" || endsAll(session.request, session.hello)) return;
    }
  }

  private async conclude(session: Session, differences: readonly Difference[]): Promise<Step> {
    session.end();
    this.reachable = session.given > 0;
    const attempt = this.failures;
    this.failures += 1;
    const waiting = this.replica.storage.shelf.count("waiting");
    const next = after(session, waiting, attempt, this.around.draw());
    if (session.state !== "done") return next;
    [this.failures, this.batch] = [0, BATCH_MAX];
    this.told = null;
    if (next.step === "rest") await this.repair(differences);
    return next;
  }

  // The other doors -------------------------------------------------------------------------

  /** New tokens. A nonce is kept before it is sent, so that a lost answer can be had again. */
  private async refresh(): Promise<void> {
    let credentials = this.credentials();
    if (credentials.nonce === null) {
      credentials = { ...credentials, nonce: this.around.nonce() };
      await this.keep(credentials);
    }
    const { refresh, nonce } = credentials;
    const { told } = await this.transport.ask("POST", "refresh", { refresh, nonce });
    const fresh = readCredentials(told);
    if (fresh === null) throw new RequestRefused(200, null, false, null, null);
    await this.keep(fresh);
  }

  /** Fetch the catalogue, unless the one that is here is the server's. */
  private async learn(): Promise<void> {
    const { shelf } = this.replica.storage;
    const known = shelf.meta("etag") as string | null;
    const { told, etag } = await this.transport.ask("GET", "catalogue", null, this.credentials().token, known);
    const nowMs = this.around.nowMs();
    if (told === null) {
      await this.replica.storage.write("server", (shelf) => shelf.setMeta("learnt_ms", nowMs));
      return;
    }
    try {
      await this.replica.learn(told, etag, nowMs);
    } catch (error) {
      if (error instanceof TypeError) throw new RequestRefused(200, null, false, null, null);
      throw error;
    }
  }

  /** Make right the feeds that differ. A server without that door is left alone. */
  private async repair(differences: readonly Difference[]): Promise<void> {
    for (const { feed } of this.repairs ? differences : []) {
      try {
        const { storage, device } = this.replica;
        const asked = repairRequest(storage.shelf, device, this.replica.types.schema, feed);
        const repair = new Repair(storage, feed);
        const pieces = await this.transport.stream("repair", asked, this.credentials().token);
        for await (const line of linesOf(pieces)) await repair.take(line);
      } catch (error) {
        if (error instanceof RequestRefused && error.status === 404) this.repairs = false;
        // A repair that did not come off is asked for again after the next exchange.
        const passes = [RequestRefused, Unreachable, AnswerError, SyntaxError, TypeError];
        if (!passes.some((kind) => error instanceof kind)) throw error;
      }
    }
  }

  /** Do something with this device's token; once more with another if that one was too old. */
  async withToken<T>(act: (transport: Transport, token: string) => Promise<T>): Promise<T> {
    const { token } = this.credentials();
    try {
      return await act(this.transport, token);
    } catch (error) {
      // An answer to HEAD says no more than 401.
      const isOld = error instanceof RequestRefused && error.status === 401
        && (error.code === "token_expired" || error.code === null);
      if (!isOld) throw error;
      // An exchange beside this may have refreshed it meanwhile.
      if (this.credentials().token === token) await this.refresh();
      return act(this.transport, this.credentials().token);
    }
  }

  /** Tell which restricted facts were looked at. What does not come off is told the next time. */
  private async tellLooks(): Promise<void> {
    const { storage, device } = this.replica;
    const reveals = looksOf(storage.shelf).slice(0, LOOKS_MAX);
    if (reveals.length === 0) return;
    try {
      await this.transport.ask("POST", "reveals", { device, reveals }, this.credentials().token);
      await storage.write("mine", (shelf) => dropLooks(shelf, reveals.length));
    } catch (error) {
      if (!(error instanceof RequestRefused) && !(error instanceof Unreachable)) throw error;
    }
  }

  private credentials(): Credentials {
    const kept = this.replica.storage.shelf.meta("credentials") as Credentials | null;
    if (kept === null) throw new RequestRefused(401, "no_token", true, null, null);
    return kept;
  }

  private async keep(credentials: Credentials): Promise<void> {
    await this.replica.storage.write("mine", (shelf) => {
      shelf.setMeta("credentials", { ...credentials } as { [name: string]: Json });
    });
  }
}

/** The tokens of an answer to enrolling or refreshing, or null if it holds none. */
export function readCredentials(told: Fields | null): Credentials | null {
  const { token, expires_at, refresh } = told ?? {};
  if (typeof token !== "string" || typeof refresh !== "string" || typeof expires_at !== "number") return null;
  return { token, expires_at, refresh, nonce: null };
}
