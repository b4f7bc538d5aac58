/**
 * A session: one exchange, as a state machine that does no input or output.
 *
 * Everything can happen to an answer: it is cut in the middle of a line, it belongs to an
 * older request, it comes twice, a proxy answers instead. What was whole must count, and
 * nothing else may. Bytes go in here and checked lines come out.
 *
 * Theory of operation. `receive` is given what arrives and gives the whole lines that are in
 * order; `end` says that no more comes. `NEXT` holds which line may follow in which state, and
 * its miss is the protocol error. After an error the session is `cut`: what it gave before
 * stays true, and the exchange is repeated.
 *
 * Invariants
 *   * The lines given are a prefix of a whole answer to this very request.
 *   * Acks come for the operations sent, one each, in their order, before the first page.
 *   * However the bytes are divided, the same lines are given.
 */
import { AnswerError, readLine, type Done, type Hello, type Line } from "./answer";
import { has } from "./values";
import type { Fields } from "./types";

/** Version 1, the only one. */
export const PROTOCOL = 1;

export type SessionState = "sent" | "hello" | "acks" | "pages" | "done" | "cut";

/** State → line that may come → state after it. */
const NEXT: { readonly [Name in SessionState]: { readonly [kind: string]: SessionState } } = {
  sent: { hello: "hello" },
  hello: { ack: "acks", page: "pages", done: "done" },
  acks: { ack: "acks", page: "pages", done: "done" },
  pages: { page: "pages", done: "done" },
  done: {},
  cut: {},
};

const LINE_BYTES_MAX = 2 ** 26;
const NEWLINE = 10;

/**
 * One exchange's request. `number` tells it from older ones of the same replica; `stamps` are
 * of the operations in `body`, in order; `sentMs` is the device's clock.
 */
export interface Request {
  readonly number: number;
  readonly body: Fields;
  readonly stamps: readonly string[];
  readonly sentMs: number;
  /** How many operations wait that found no room in it. */
  readonly beyond: number;
}

/** One request and its answer. Not to be used again. */
export class Session {
  state: SessionState = "sent";
  hello: Hello | null = null;
  done: Done | null = null;
  /** What was wrong with the answer, for a log; null while nothing was. */
  error: string | null = null;
  given = 0;
  private acked = 0;
  private rest: Uint8Array[] = [];
  private restLength = 0;

  constructor(readonly request: Request) {}

  /** The whole lines that `data` completes. After a line out of order: nothing any more. */
  receive(data: Uint8Array): Line[] {
    const lines: Line[] = [];
    if (this.state === "cut") return lines;
    let start = 0;
    try {
      for (let end = data.indexOf(NEWLINE); end >= 0; end = data.indexOf(NEWLINE, start)) {
        lines.push(this.take(this.joined(data.subarray(start, end))));
        start = end + 1;
      }
      this.keep(data.subarray(start));
    } catch (error) {
      if (!(error instanceof AnswerError)) throw error;
      [this.state, this.error, this.rest] = ["cut", error.message, []];
    }
    this.given += lines.length;
    return lines;
  }

  /** No more comes. Without a `done` the answer was cut. */
  end(): void {
    if (this.state !== "done") this.state = "cut";
  }

  private keep(data: Uint8Array): void {
    if (data.length === 0) return;
    this.rest.push(data);
    this.restLength += data.length;
    if (this.restLength > LINE_BYTES_MAX) throw new AnswerError("a line does not end");
  }

  private joined(last: Uint8Array): Uint8Array {
    if (this.rest.length === 0) return last;
    const whole = new Uint8Array(this.restLength + last.length);
    let place = 0;
    for (const part of [...this.rest, last]) {
      whole.set(part, place);
      place += part.length;
    }
    [this.rest, this.restLength] = [[], 0];
    return whole;
  }

  private take(text: Uint8Array): Line {
    const line = readLine(text);
    const following = NEXT[this.state][line.kind];
    if (following === undefined) throw new AnswerError(`a line '${line.kind}' out of its order`);
    this.check(line);
    this.state = following;
    return line;
  }

  /** Whether the line belongs to this request, beyond its place in the order. */
  private check(line: Line): void {
    const { stamps } = this.request;
    if (line.kind === "hello") {
      if (line.protocol !== PROTOCOL) throw new AnswerError("another version of the protocol");
      this.hello = line;
      return;
    }
    if (line.kind === "ack") {
      if (this.acked >= stamps.length || line.stamp !== stamps[this.acked]) {
        throw new AnswerError("an ack for what was not sent");
      }
      this.acked += 1;
      return;
    }
    if (this.acked < stamps.length) throw new AnswerError("acks are missing");
    if (line.kind === "done") {
      this.done = line;
    } else if (!this.hello?.feeds?.includes(line.feed) || line.cursor === null) {
      throw new AnswerError("a page of a feed that is not read");
    }
  }
}

// What comes next ---------------------------------------------------------------------------

export type StepName =
  | "rest" | "again" | "refresh" | "enrol" | "smaller" | "wait" | "update" | "stop" | "wipe";

/** What a client does next. `waitMs`: not before then; `code`: the problem, if there is one. */
export interface Step {
  readonly step: StepName;
  readonly waitMs: number;
  readonly code: string | null;
}

export function step(name: StepName, code: string | null = null, waitMs = 0): Step {
  return { step: name, waitMs, code };
}

/** Problem code → what to do. Others: `wait` if it may have happened, else `stop`. */
const REFUSALS: { readonly [code: string]: StepName } = {
  token_expired: "refresh",
  token_unknown: "enrol",
  no_token: "enrol",
  refresh_unknown: "enrol",
  not_your_device: "enrol",
  unsupported_protocol: "update",
  too_large: "smaller",
  too_many_operations: "smaller",
};

const WAIT_MS_FIRST = 2_000;
const WAIT_MS_MAX = 15 * 60_000;

/**
 * How long to wait after the `attempt`-th failure in a row (from 0); `draw` is in [0, 1).
 * Doubles, up to a quarter of an hour; half of it is drawn, so that tablets that lost the same
 * mast do not come back in the same second.
 */
export function backoffMs(attempt: number, draw: number): number {
  const whole = Math.min(WAIT_MS_FIRST * 2 ** Math.min(attempt, 20), WAIT_MS_MAX);
  return Math.floor(whole / 2 + (whole / 2) * draw);
}

/**
 * Whether everything on this device must go now: all that waits was in the request.
 *
 * A hello says that the request's operations are durable. What did not fit into it is handed
 * in first: a tablet that was lost comes back as often with its worker as without.
 */
export function endsAll(request: Request, hello: Hello | null): boolean {
  return hello !== null && hello.wipe && request.beyond === 0;
}

/** What to do when a session has ended. `waiting`: operations still in the outbox. */
export function after(session: Session, waiting: number, attempt: number, draw: number): Step {
  const { hello, done } = session;
  if (endsAll(session.request, hello)) return step("wipe");
  if (session.state !== "done" || hello === null || done === null) {
    const code = session.given > 0 ? "answer_cut" : "not_our_server";
    return step("wait", code, backoffMs(session.given > 0 ? 0 : attempt, draw));
  }
  if (done.more || waiting > 0) return step("again");
  if (hello.feeds === null) {
    const code = hello.problem?.code;
    return step(code === "device_too_old" ? "update" : "stop", typeof code === "string" ? code : null);
  }
  return step("rest");
}

/** What to do when the request was refused. A refusal without a code is a proxy's. */
export function afterRefusal(
  refused: { code: string | null; definite: boolean; waitMs: number | null },
  attempt: number, draw: number,
): Step {
  const { code, definite } = refused;
  const name = code !== null && has(REFUSALS, code) ? REFUSALS[code] as StepName
    : definite ? "stop" : "wait";
  if (name !== "wait") return step(name, code);
  return step("wait", code, Math.max(backoffMs(attempt, draw), refused.waitMs ?? 0));
}
