/**
 * "A new version is ready": offered, never forced, and never while somebody types.
 *
 * It stands over the lower edge, where forms have their buttons: so only the first screens
 * of the tabs show it. Who looks for it finds it under "Me" at any time.
 */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { Button, Notice } from "../components";
import { t } from "../i18n";
import { place } from "../router";
import { updateReady, useUpdate } from "../update";
import { saveDrafts } from "../session";
import { tabs } from "./tabs";

const QUIET_MS = 10_000;

/** Whether it may be shown: put off until the person has typed nothing for a while. */
const quiet = signal(true);
const later = signal(false);

export function UpdateNotice() {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const typed = () => {
      quiet.value = false;
      clearTimeout(timer);
      timer = setTimeout(() => {
        quiet.value = true;
      }, QUIET_MS);
    };
    addEventListener("input", typed, { capture: true });
    return () => removeEventListener("input", typed, { capture: true });
  }, []);
  const onTab = tabs.some((tab) => tab.path === place.value.path);
  if (!updateReady.value || !quiet.value || later.value || !onTab) return null;
  return (
    <div class="update">
      <Notice
        live
        actions={
          <>
            <Button kind="primary" onPress={() => void restart()}>
              {t("update.restart")}
            </Button>
            <Button
              onPress={() => {
                later.value = true;
              }}
            >
              {t("update.later")}
            </Button>
          </>
        }
      >
        <strong>{t("update.ready")}</strong>
        <p>{t("update.safe")}</p>
      </Notice>
    </div>
  );
}

/** What stands in a form is on the disk before the page goes. */
export async function restart(): Promise<void> {
  if (await saveDrafts()) useUpdate();
}
