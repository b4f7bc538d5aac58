/** A notice: both values, what was decided, and the way to the record it is about. */

import { useState } from "preact/hooks";

import type { Problem, RecordType, View } from "../../../engine";
import { Bar, Button, Card, Empty, List, ListRow, toast } from "../../components";
import { type Key, t } from "../../i18n";
import { date, time } from "../../i18n/moments";
import { problemOf } from "../../problems";
import { back } from "../../router";
import type { ScreenProps } from "../../routes";
import { useSession } from "../../session";
import { recordLink } from "../../fieldwork/links";
import { titleOfId } from "../../fieldwork/titles";
import { ProblemNotice } from "../ProblemNotice";
import { decisionsOf, madeMs } from "./noticeWords";

/** Code of a notice → who decided and what that means for the worker. */
const MEANS: Record<string, Key> = {
  settled: "notice.settled",
  reopened: "notice.reopened",
  replaced: "notice.replaced",
  released: "notice.released",
  returned: "notice.returned",
  undone: "notice.undone",
  late: "notice.late",
};

export function NoticePage({ params }: ScreenProps) {
  const { replica, model } = useSession();
  const notice = model.record(params["id"] ?? "").value;
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  if (notice?.type !== "notice") {
    return (
      <div class="screen">
        <Bar title={t("notice.title")} up="/sync" />
        <Empty title={t("notice.gone")} icon="bell" />
      </div>
    );
  }
  const spec = replica.catalogue.value.get(notice.text("about_type"));
  const mark = async (read: boolean): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      await replica.edit(notice.id, { read });
      if (read) back("/sync");
      if (read) toast(t("notice.marked"), () => void mark(false));
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      setBusy(false);
    }
  };
  const at = madeMs(notice);
  const about = notice.text("about_record");
  const means = MEANS[notice.text("code")];
  const isRead = notice.get("read") === true;
  return (
    <div class="screen">
      <Bar title={t("notice.title")} second={at === null ? "" : `${date(at)} ${time(at)}`} up="/sync" />
      <Card>
        <p class="figure">{notice.text("text")}</p>
        {means && <p>{t(means)}</p>}
        <Decisions notice={notice} spec={spec} />
      </Card>
      <Card flush>
        <List>
          {about && (
            <ListRow
              icon="file"
              title={titleOfId(about, model)}
              second={t("notice.record")}
              href={recordLink(notice.text("about_type"), about)}
            />
          )}
          {replica.work(notice.text("about")) && (
            <ListRow
              icon="edit"
              title={t("notice.entry")}
              href={`#/sync/${encodeURIComponent(notice.text("about"))}`}
            />
          )}
        </List>
      </Card>
      {problem && <ProblemNotice problem={problem} />}
      <Button kind={isRead ? undefined : "primary"} wide busy={busy} onPress={() => void mark(!isRead)}>
        {t(isRead ? "notice.mark_unread" : "notice.mark_read")}
      </Button>
    </div>
  );
}

function Decisions({ notice, spec }: { notice: View; spec: RecordType | null }) {
  const { model } = useSession();
  const decisions = decisionsOf(notice, spec, model);
  return (
    <>
      {decisions.map((one) => (
        <section key={one.name} class="stack close" aria-label={one.label}>
          <h2>{one.label}</h2>
          <dl class="values">
            {one.yours !== null && (
              <div>
                <dt>{t("notice.yours")}</dt>
                <dd class="prewrap">{one.yours}</dd>
              </div>
            )}
            <div>
              <dt>{t(one.yours === null ? "notice.before" : "notice.theirs")}</dt>
              <dd class="prewrap">{one.before}</dd>
            </div>
            <div class="decided">
              <dt>{t(notice.text("code") === "late" ? "notice.now" : "notice.after")}</dt>
              <dd class="prewrap">{one.after}</dd>
            </div>
          </dl>
        </section>
      ))}
    </>
  );
}
