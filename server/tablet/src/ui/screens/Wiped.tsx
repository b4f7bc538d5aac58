/** The office had this profile erased: what is gone, what was handed in before, what now. */

import { Bar, Button, Icon } from "../components";
import { t } from "../i18n";
import { choose } from "../session";

export function Wiped() {
  return (
    <div class="screen">
      <Bar title={t("wiped.title")} />
      <div class="empty">
        <Icon name="trash" />
        <strong>{t("wiped.what")}</strong>
        <p>{t("wiped.work")}</p>
        <p>{t("wiped.do")}</p>
        <Button kind="primary" onPress={() => void choose()}>
          {t("wiped.go")}
        </Button>
      </div>
    </div>
  );
}
