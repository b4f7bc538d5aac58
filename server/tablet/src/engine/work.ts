/** Work: an entry of the outbox in the form in which a screen shows it. */
import { takenOut, undoing } from "./amend";
import { fieldsOf } from "./fold";
import { problemTold } from "./problems";
import { groupOf, type LocalReplica } from "./replica";
import type { Answer, Entry } from "./replica_storage";
import type { Fields, Work } from "./types";
import { recordOf } from "./view";

type Outcome = NonNullable<Work["answer"]>["outcome"];

export function workOf(replica: LocalReplica, entry: Entry): Work {
  const { body } = entry;
  return {
    stamp: entry.stamp,
    state: entry.state,
    kind: body.kind,
    type: body.type,
    record: entry.record,
    fields: fieldsOf(body),
    was: entry.was,
    group: groupOf(entry),
    atMs: body.at,
    sent: entry.sent,
    answer: entry.answer === null ? null : answerOf(replica, entry, entry.answer),
    answeredMs: entry.answer === null ? null : entry.answeredMs,
    body: body as Fields,
    // A month's work is listed at every change: what can be done is found out where it is asked.
    get can() {
      return whatCan(replica, entry);
    },
  };
}

function answerOf(replica: LocalReplica, entry: Entry, answer: Answer): NonNullable<Work["answer"]> {
  const spec = replica.types.get(entry.body.type);
  return {
    outcome: answer.outcome as Outcome,
    conflict: answer.conflict ?? null,
    needs: answer.needs ?? null,
    problem: answer.problem === undefined ? null : problemTold(answer.problem, spec),
  };
}

function whatCan(replica: LocalReplica, entry: Entry): Work["can"] {
  const isKept = entry.state === "held" || entry.state === "rejected";
  const canTakeOut = takenOut(replica.storage.shelf, entry) !== null;
  const view = replica.view(entry.record);
  const versionOf = (name: string) => (view === null ? "" : recordOf(view).version(name));
  const undo = canTakeOut || (!isKept && undoing(entry, view, versionOf) !== null);
  return { undo, withdraw: isKept || canTakeOut, resend: isKept };
}
