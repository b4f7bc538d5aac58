/** Whether the browser promised to keep the tablet's storage, and the button to ask it. */

import { useState } from "preact/hooks";

import type { Replica } from "../../engine";
import { Button, Notice } from "../components";
import { t } from "../i18n";

export function StorageKept({ replica }: { replica: Replica }) {
  const { persisted } = replica.status.value.storage;
  const [refused, setRefused] = useState(false);
  const [busy, setBusy] = useState(false);

  const ask = async (): Promise<void> => {
    setBusy(true);
    setRefused(!(await replica.persistStorage().catch(() => false)));
    setBusy(false);
  };

  if (persisted) return <Notice tone="good">{t("storage.kept")}</Notice>;
  return (
    <div class="stack close">
      <p>{t("storage.why")}</p>
      {refused && (
        <Notice tone="warn" live>
          {t("storage.refused")}
        </Notice>
      )}
      <div class="buttons">
        <Button busy={busy} onPress={() => void ask()}>
          {t(refused ? "storage.ask_again" : "storage.ask")}
        </Button>
      </div>
    </div>
  );
}
