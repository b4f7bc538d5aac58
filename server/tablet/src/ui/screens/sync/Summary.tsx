/**
 * The head of the sync page: what is so, what to do, and the button.
 *
 * Everything that can be wrong with handing in is told here, each with the one thing
 * to do about it. "Handed in" stands here only when the status says so.
 */

import type { ComponentChildren } from "preact";

import type { Replica, Status } from "../../../engine";
import { Button, Card, Facts, Icon, Notice } from "../../components";
import { t } from "../../i18n";
import { bytes, moment, nowMs } from "../../i18n/moments";
import { sentence } from "../../problems";
import { clockIsOff, clockWords, statusLine } from "../../status";
import { APP_VERSION, updateReady } from "../../update";
import { ProblemNotice } from "../ProblemNotice";

/** Days left of the lease from which they are told. */
const LEASE_TOLD_DAYS = 3;

export function Summary({ replica }: { replica: Replica }) {
  const status = replica.status.value;
  const drafts = replica.drafts.all.value.length;
  const { tone, icon, strong, rest } = statusLine(status, nowMs.value, drafts);
  // A photo takes minutes; entries need not wait for it.
  const busy = status.what === "sending" && status.photos.sending === null;
  const last = status.lastSuccessMs;
  const { usedBytes } = status.storage;
  return (
    <Card>
      <div class={`summary ${tone}`}>
        <Icon name={icon} />
        <p>
          <strong>{strong}</strong>
          <span>{rest}</span>
        </p>
      </div>
      <Facts
        of={[
          [t("sync.last"), last === null ? t("status.never") : moment(last, nowMs.value)],
          ...(status.next.step === "wait" && status.next.atMs !== null && !busy
            ? [[t("sync.next"), moment(status.next.atMs, nowMs.value)] as const]
            : []),
          [t("storage.title"), usedBytes === null ? t("storage.unknown") : bytes(usedBytes)],
          [t("app.version"), APP_VERSION],
        ]}
      />
      <Trouble replica={replica} status={status} />
      <Button
        kind="primary"
        icon="refresh"
        wide
        busy={busy}
        onPress={() => void replica.sync("button")}
      >
        {t(busy ? "sync.busy" : "sync.now")}
      </Button>
    </Card>
  );
}

/** What is wrong, if anything, and the way on. */
function Trouble({ replica, status }: { replica: Replica; status: Status }) {
  const { step, problem } = status.next;
  const told: ComponentChildren[] = [];
  if (status.trouble) told.push(<ProblemNotice key="trouble" problem={status.trouble} />);
  if (step === "enrol") {
    told.push(
      <Notice
        key="enrol"
        tone="warn"
        actions={
          <Button href={`#/enrol?profile=${encodeURIComponent(replica.profile.id)}`}>
            {t("sync.enrol.go")}
          </Button>
        }
      >
        <strong>{t("sync.enrol")}</strong>
        <p>{problem ? sentence(problem) : t("sync.enrol.safe")}</p>
      </Notice>,
    );
  } else if (step === "update") {
    told.push(
      <Notice key="update" tone="warn" actions={<Button href="#/me/app">{t("sync.update.go")}</Button>}>
        <strong>{t("sync.update")}</strong>
        <p>{t(updateReady.value ? "update.ready" : "sync.update.how")}</p>
      </Notice>,
    );
  } else if (problem && status.what !== "sending") {
    told.push(<ProblemNotice key="problem" problem={problem} calm={step === "wait"} />);
  }
  if (status.lease.daysLeft <= LEASE_TOLD_DAYS && !status.lease.expired) {
    told.push(
      <Notice key="lease" tone="warn">
        {t("sync.lease", { n: status.lease.daysLeft })}
      </Notice>,
    );
  }
  if (clockIsOff(status)) {
    told.push(
      <Notice key="clock" tone="warn">
        <strong>{clockWords(status)}</strong>
        <p>{t("clock.do")}</p>
      </Notice>,
    );
  }
  return <>{told}</>;
}
