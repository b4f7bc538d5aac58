/**
 * The lease is over: too long without the server, so that nothing is shown but what waits.
 *
 * A lost tablet must not show its neighbours' records for ever. The worker is told that
 * nothing was deleted, what is still here, and the one thing that helps: to connect.
 */

import { Bar, Button, Card, Facts, List, ListRow, Notice } from "../components";
import { t } from "../i18n";
import { moment, nowMs } from "../i18n/moments";
import { choose, profiles, useSession } from "../session";
import { waitingWords } from "../status";
import { ProblemNotice } from "./ProblemNotice";

export function LeaseOver() {
  const { replica } = useSession();
  const status = replica.status.value;
  const { problem } = status.next;
  const last = status.lastSuccessMs;
  return (
    <div class="screen">
      <Bar title={t("lease.title")} second={replica.profile.name} />
      <Notice tone="warn">
        <strong>{t("lease.what", { n: status.lease.days })}</strong>
        <p>{t("lease.safe")}</p>
      </Notice>
      <Card>
        <Facts
          of={[
            [t("sync.last"), last === null ? t("status.never") : moment(last, nowMs.value)],
            [t("lease.waiting"), waitingWords(status, nowMs.value)],
          ]}
        />
        {problem && status.what !== "sending" && (
          <ProblemNotice problem={problem} calm={status.next.step === "wait"} />
        )}
        <Button
          kind="primary"
          icon="refresh"
          wide
          busy={status.what === "sending"}
          onPress={() => void replica.sync("button")}
        >
          {t(status.what === "sending" ? "sync.busy" : "lease.connect")}
        </Button>
      </Card>
      <Card flush>
        <List>
          <ListRow icon="cloud" title={t("lease.outbox")} href="#/sync" />
          <ListRow icon="help" title={t("lease.help")} href="#/help/offline" />
          {profiles.value.length > 1 && (
            <ListRow icon="people" title={t("lock.other")} onPress={() => void choose()} />
          )}
        </List>
      </Card>
    </div>
  );
}
