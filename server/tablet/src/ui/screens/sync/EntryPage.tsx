/**
 * One entry of the outbox: what was done, what the server said, and what can be done now.
 *
 * Which buttons there are is the engine's to say (`work.can`): it alone knows whether the
 * server may have the entry already.
 */

import { useState } from "preact/hooks";

import type { Problem, RecordType, Work } from "../../../engine";
import {
  Badge,
  Bar,
  Button,
  Card,
  Confirm,
  Empty,
  Facts,
  List,
  ListRow,
  Notice,
  toast,
} from "../../components";
import { type Key, t } from "../../i18n";
import { moment } from "../../i18n/moments";
import { ShownPhoto } from "../../photos/Photo";
import { codeLine, problemOf, sentence } from "../../problems";
import { back, go } from "../../router";
import type { ScreenProps } from "../../routes";
import { useSession } from "../../session";
import { Covered } from "../../fieldwork/Covered";
import { recordLink } from "../../fieldwork/links";
import { ProblemNotice } from "../ProblemNotice";
import { badgeOf, changesOf, deedOf, isInConflict, recordOf, valueOf } from "./entryWords";
import { useOutbox } from "./useOutbox";

export function EntryPage({ params }: ScreenProps) {
  const { replica } = useSession();
  useOutbox();
  const work = replica.work(params["stamp"] ?? "");
  if (!work) {
    return (
      <div class="screen">
        <Bar title={t("entry.title")} up="/sync" />
        <Empty title={t("entry.gone")}>
          <p>{t("entry.gone.why")}</p>
        </Empty>
      </div>
    );
  }
  return <Entry work={work} />;
}

function Entry({ work }: { work: Work }) {
  const { replica, model } = useSession();
  const spec = replica.catalogue.value.get(work.type);
  // A type that is not known is one that only some may read, as on the disk.
  const isRestricted = spec?.restricted ?? true;
  return (
    <div class="screen">
      <Bar
        title={deedOf(work, spec)}
        second={recordOf(work, model)}
        up="/sync"
        actions={<Badge state={badgeOf(work, model)} />}
      />
      <Said work={work} />
      {isRestricted ? (
        <Covered title={t("entry.changes")} record={work.record}>
          {() => <Changes work={work} spec={spec} />}
        </Covered>
      ) : (
        <Card title={t("entry.changes")}>
          <Changes work={work} spec={spec} />
        </Card>
      )}
      <Card>
        <Facts
          of={[
            [t("entry.made"), moment(work.atMs)],
            [t("entry.sent"), t(work.sent ? "entry.sent.yes" : "entry.sent.no")],
            [
              t("entry.answered"),
              work.answeredMs === null ? t("entry.answered.no") : moment(work.answeredMs),
            ],
          ]}
        />
      </Card>
      <Deeds work={work} />
      <Card flush>
        <List>
          <ListRow
            icon="file"
            title={recordOf(work, model)}
            second={t("entry.record")}
            href={recordLink(work.type, work.record)}
          />
        </List>
      </Card>
      {!isRestricted && (
        <details class="details">
          <summary>{t("problem.details")}</summary>
          <p class="hint">{t("entry.details")}</p>
          <pre class="code">{JSON.stringify(work.body, null, 1)}</pre>
        </details>
      )}
    </div>
  );
}

/** State of an entry → what that means, in a sentence. */
const MEANS: Partial<Record<ReturnType<typeof badgeOf>, Key>> = {
  waiting: "entry.means.waiting",
  handed_in: "entry.means.handed_in",
  conflict: "entry.means.conflict",
  held: "entry.means.held",
  rejected: "entry.means.rejected",
};

/** Made under the device id that this tablet had before it was enrolled anew. */
const OF_THE_DEVICE_BEFORE = "not_your_stamp";

/** What the server said, and what it means. */
function Said({ work }: { work: Work }) {
  const { model } = useSession();
  const state = badgeOf(work, model);
  // What the server said of a conflict is over when the conflict is.
  const problem = state === "handed_in" ? null : (work.answer?.problem ?? null);
  const means = problem?.code === OF_THE_DEVICE_BEFORE ? "entry.means.before" : MEANS[state];
  const tone = state === "rejected" ? "bad" : state === "held" || state === "conflict" ? "warn" : "info";
  return (
    <Notice tone={state === "handed_in" ? "good" : tone}>
      {problem && (
        <p>
          <strong>{t("entry.server_said", { words: sentence(problem) })}</strong>
        </p>
      )}
      {means && <p>{t(means)}</p>}
      {problem && <p class="quiet small">{codeLine(problem)}</p>}
    </Notice>
  );
}

function Changes({ work, spec }: { work: Work; spec: RecordType | null }) {
  const { replica, model } = useSession();
  const changes = changesOf(work, spec, model);
  const own = work.fields;
  if (changes.length === 0) return <p>{deedOf(work, spec)}</p>;
  const inConflict = isInConflict(work, model);
  const base = inConflict ? replica.base(work.record) : null;
  return (
    <>
      {changes.map((change) => {
        const field = spec?.byName.get(change.name) ?? null;
        return (
          <section key={change.name} class="stack close" aria-label={change.label}>
            <h3>{change.label}</h3>
            <dl class="values">
              {change.was !== null && (
                <div>
                  <dt>{t("entry.was")}</dt>
                  <dd class="prewrap">{change.was}</dd>
                </div>
              )}
              <div class="decided">
                <dt>{t("entry.yours")}</dt>
                <dd class="prewrap">
                  {field?.kind === "attachment" && typeof own[change.name] === "string" ? (
                    <ShownPhoto
                      digest={own[change.name] as string}
                      record={work.record}
                      label={change.label}
                    />
                  ) : (
                    change.now
                  )}
                </dd>
              </div>
              {base && field && (
                <div>
                  <dt>{t("entry.theirs")}</dt>
                  <dd class="prewrap">{valueOf(field, base.get(change.name), model)}</dd>
                </div>
              )}
            </dl>
          </section>
        );
      })}
    </>
  );
}

function Deeds({ work }: { work: Work }) {
  const { replica } = useSession();
  const [asking, ask] = useState<"undo" | "withdraw" | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);

  const act = async (deed: () => Promise<unknown>, done: Key): Promise<void> => {
    setBusy(true);
    setProblem(null);
    ask(null);
    try {
      await deed();
      toast(t(done));
      back("/sync");
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      setBusy(false);
    }
  };

  const { can, state, stamp } = work;
  return (
    <>
      {problem && <ProblemNotice problem={problem} />}
      <div class="buttons even">
        {state === "waiting" && (
          <Button
            kind="primary"
            icon="refresh"
            busy={replica.status.value.what === "sending"}
            onPress={() => void replica.sync("button")}
          >
            {t("sync.now")}
          </Button>
        )}
        {can.resend && (
          <Button
            kind="primary"
            icon="edit"
            onPress={() => go(`/sync/${encodeURIComponent(stamp)}/repair`)}
          >
            {t("entry.repair")}
          </Button>
        )}
        {can.resend && state === "rejected" && (
          <Button
            icon="refresh"
            busy={busy}
            onPress={() => void act(() => replica.resend(stamp), "entry.resent")}
          >
            {t("entry.resend")}
          </Button>
        )}
        {can.undo && (
          <Button icon="undo" onPress={() => ask("undo")}>
            {t("entry.undo_it")}
          </Button>
        )}
        {can.withdraw && (
          <Button icon="trash" onPress={() => ask("withdraw")}>
            {t("entry.withdraw")}
          </Button>
        )}
      </div>
      {asking === "undo" && (
        <Confirm
          title={t("entry.undo.ask")}
          deed={t("entry.undo_it")}
          onClose={() => ask(null)}
          onDeed={() => void act(() => replica.undo(stamp), "entry.undone")}
        >
          <p>{t(work.sent ? "entry.undo.sent" : "entry.undo.unsent")}</p>
        </Confirm>
      )}
      {asking === "withdraw" && (
        <Confirm
          title={t("entry.withdraw.ask")}
          deed={t("entry.withdraw")}
          danger
          onClose={() => ask(null)}
          onDeed={() => void act(() => replica.withdraw(stamp), "entry.withdrawn")}
        >
          <p>{t(state === "waiting" ? "entry.withdraw.unsent" : "entry.withdraw.kept")}</p>
        </Confirm>
      )}
    </>
  );
}
