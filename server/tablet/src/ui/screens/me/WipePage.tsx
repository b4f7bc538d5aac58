/**
 * Erasing this worker from this tablet: before it is handed on, or thrown away.
 *
 * With everything handed in it takes one confirmation. With work that is not, the
 * button stays shut until a file of it was saved and the person has ticked that they
 * know what is lost: nothing is deleted by haste.
 */

import { useState } from "preact/hooks";

import type { Problem } from "../../../engine";
import { Bar, Button, Card, Confirm, Notice, Switch } from "../../components";
import { t } from "../../i18n";
import { problemOf } from "../../problems";
import { goTab, HOME } from "../../router";
import { useSession, wipe } from "../../session";
import { ProblemNotice } from "../ProblemNotice";
import { SaveUnsent } from "../sync/SaveUnsent";
import { useOutbox } from "../sync/useOutbox";

export function WipePage() {
  const { replica } = useSession();
  const { waiting, kept } = useOutbox();
  const drafts = replica.drafts.all.value.length;
  const { photos } = replica.status.value;
  const lostPhotos = photos.waiting + photos.refused;
  const entries = waiting.length + kept.length + drafts;
  const unsent = entries + lostPhotos;
  const [saved, setSaved] = useState(false);
  const [known, setKnown] = useState(false);
  const [asking, ask] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);

  const attempt = async (deed: () => Promise<unknown>): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      await deed();
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <div class="screen">
      <Bar title={t("wipe.title")} second={replica.profile.name} up="/me" />
      <p>{t("wipe.what")}</p>
      {unsent === 0 ? (
        <Notice tone="good">{t("wipe.all_handed")}</Notice>
      ) : (
        <Card
          title={[
            entries > 0 && t("wipe.unsent", { n: entries }),
            lostPhotos > 0 && t("wipe.unsent.photos", { n: lostPhotos }),
          ]
            .filter(Boolean)
            .join(t("status.part"))}
        >
          <Notice tone="bad">{t("wipe.unsent.why")}</Notice>
          <div class="buttons">
            <Button icon="refresh" onPress={() => void replica.sync("button")}>
              {t("sync.now")}
            </Button>
            <SaveUnsent
              busy={busy}
              onSave={(saving) => void attempt(async () => {
                // Drafts and what the office keeps are in it, also where nothing waits.
                await saving();
                setSaved(true);
              })}
            />
          </div>
          {saved && <Notice tone="good">{t("wipe.saved")}</Notice>}
          <Switch
            label={t("wipe.known")}
            hint={saved ? undefined : t("wipe.save_first")}
            value={known}
            disabled={!saved}
            onValue={setKnown}
          />
        </Card>
      )}
      {problem && <ProblemNotice problem={problem} />}
      <Button
        kind="danger"
        icon="trash"
        disabled={unsent > 0 && !(saved && known)}
        onPress={() => ask(true)}
      >
        {t("wipe.go")}
      </Button>
      {asking && (
        <Confirm
          title={t("wipe.ask")}
          deed={t("wipe.go")}
          danger
          busy={busy}
          onClose={() => ask(false)}
          onDeed={() =>
            void attempt(async () => {
              await wipe(replica.profile.id);
              goTab(HOME);
            })
          }
        >
          <p>{t(unsent === 0 ? "wipe.what" : "wipe.unsent.why")}</p>
        </Confirm>
      )}
    </div>
  );
}
