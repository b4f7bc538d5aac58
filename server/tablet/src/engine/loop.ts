/**
 * The loop: when to exchange.
 *
 * A tablet exchanges at once when it is opened, when a network seems to be back, when somebody
 * looks at it again and soon after work was done; else on a timer. What a browser says of the
 * network is a hint to try, never a reason not to.
 *
 * Invariants
 *   * There is at most one timer, and it is set again after each exchange.
 *   * After a failure nothing but a person or a hint from the browser comes before the backoff.
 */
import type { PageEvents } from "./platform";
import type { Next, SyncReason } from "./types";

const SECOND_MS = 1_000;
/**
 * Work is handed in when the words "saved here, undo" have gone from the screen: until then it
 * can be taken back as if it had not been. Who puts the tablet away has decided.
 */
const WORK_MS = 8_000;

/** How long to rest after an exchange, ms. Half as long again is drawn on top. */
const REST_MS = { visible: 120 * SECOND_MS, hidden: 600 * SECOND_MS, stopped: 3_600 * SECOND_MS };

/** Steps after which a server takes work; also one that gives no records any more. */
const TAKES_WORK: readonly Next["step"][] = ["rest", "stop", "update"];

/** Reasons that may come again within moments; then the second is not worth an exchange. */
const HINTS: readonly SyncReason[] = ["online", "visible"];
const HINT_MS = 5 * SECOND_MS;

export class Loop {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private worked: ReturnType<typeof setTimeout> | undefined;
  private unlisten: (() => void) | null = null;
  private lastMs = -Infinity;

  constructor(
    private readonly exchange: (reason: SyncReason) => Promise<unknown>,
    private readonly flush: () => void,
    private readonly page: PageEvents | null,
    private readonly nowMs: () => number,
    private readonly draw: () => number,
  ) {}

  get isRunning(): boolean {
    return this.unlisten !== null;
  }

  start(): void {
    if (this.unlisten !== null) return;
    this.unlisten = this.page?.listen((what) => {
      if (what !== "hidden") this.go(what);
      else this.putAway();
    }) ?? (() => undefined);
    this.go("start");
  }

  stop(): void {
    this.unlisten?.();
    this.unlisten = null;
    clearTimeout(this.timer);
    clearTimeout(this.worked);
  }

  /** Work was queued: hand it in soon, unless the server was out of reach just now. */
  work(next: Next): void {
    if (!this.isRunning || !TAKES_WORK.includes(next.step)) return;
    clearTimeout(this.worked);
    this.worked = setTimeout(() => this.handIn(), WORK_MS);
  }

  private putAway(): void {
    this.flush();
    if (this.worked !== undefined) this.handIn();
  }

  private handIn(): void {
    clearTimeout(this.worked);
    this.worked = undefined;
    this.go("work");
  }

  /** An exchange has ended so: set the timer. */
  ended(next: Next): void {
    this.lastMs = this.nowMs();
    clearTimeout(this.timer);
    const waitMs = this.isRunning ? this.waitMs(next) : null;
    if (waitMs !== null) this.timer = setTimeout(() => this.go("timer"), waitMs);
  }

  private waitMs(next: Next): number | null {
    if (next.step === "wiped") return null;
    // A clock that was put back while it waited must not make it wait for years.
    if (next.step === "wait") return clamp((next.atMs ?? 0) - this.nowMs(), REST_MS.stopped);
    const resting = next.step === "rest" || next.step === "again";
    const base = !resting ? REST_MS.stopped
      : this.page?.isVisible() ?? true ? REST_MS.visible : REST_MS.hidden;
    return base * (1 + this.draw() / 2);
  }

  private go(reason: SyncReason): void {
    const isAgain = HINTS.includes(reason) && Math.abs(this.nowMs() - this.lastMs) < HINT_MS;
    if (!isAgain) void this.exchange(reason);
  }
}

function clamp(ms: number, most: number): number {
  return Math.min(Math.max(0, ms), most);
}
