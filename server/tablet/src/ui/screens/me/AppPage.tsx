/** This tablet and this app: version, storage, clock, and what it is called at the office. */

import { Bar, Button, Card, Facts, Notice } from "../../components";
import { restart } from "../../frame/UpdateNotice";
import { t } from "../../i18n";
import { bytes, moment, nowMs } from "../../i18n/moments";
import { useSession } from "../../session";
import { clockIsOff, clockWords } from "../../status";
import { APP_VERSION, lookForUpdate, updateReady } from "../../update";
import { StorageKept } from "../StorageKept";
import { useState } from "preact/hooks";

export function AppPage() {
  const { replica } = useSession();
  const status = replica.status.value;
  const { usedBytes, quotaBytes } = status.storage;
  const last = status.lastSuccessMs;
  return (
    <div class="screen">
      <Bar title={t("app.title")} up="/me" />
      <Card title={t("app.version.title")}>
        <Facts of={[[t("app.version"), APP_VERSION]]} />
        <Update />
      </Card>
      <Card title={t("storage.title")}>
        <Facts
          of={[
            [t("storage.used"), usedBytes === null ? t("storage.unknown") : bytes(usedBytes)],
            [t("storage.photos"), bytes(status.photos.kept)],
            [t("storage.quota"), quotaBytes === null ? t("storage.unknown") : bytes(quotaBytes)],
          ]}
        />
        <StorageKept replica={replica} />
      </Card>
      <Card title={t("app.office")}>
        <Facts
          of={[
            [t("sync.last"), last === null ? t("status.never") : moment(last, nowMs.value)],
            [t("lease.left"), t("span.days", { n: status.lease.daysLeft })],
            [t("clock.title"), clockIsOff(status) ? clockWords(status) : t("clock.right")],
            [t("app.device"), <span class="code">{replica.profile.device}</span>],
          ]}
        />
        {clockIsOff(status) && <Notice tone="warn">{t("clock.do")}</Notice>}
        <p class="hint">{t("app.device.hint")}</p>
      </Card>
    </div>
  );
}

function Update() {
  const [looked, setLooked] = useState(false);
  const [busy, setBusy] = useState(false);
  if (updateReady.value) {
    return (
      <Notice
        actions={
          <Button kind="primary" onPress={() => void restart()}>
            {t("update.restart")}
          </Button>
        }
      >
        <strong>{t("update.ready")}</strong>
        <p>{t("update.safe")}</p>
      </Notice>
    );
  }
  const look = async (): Promise<void> => {
    setBusy(true);
    setLooked(await lookForUpdate());
    setBusy(false);
  };
  return (
    <div class="stack close">
      <p role="status">{looked ? t("update.none") : ""}</p>
      <div class="buttons">
        <Button icon="refresh" busy={busy} onPress={() => void look()}>
          {t("update.look")}
        </Button>
      </div>
    </div>
  );
}
