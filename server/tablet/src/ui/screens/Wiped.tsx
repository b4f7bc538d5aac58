/**
 * This profile's data is gone from under the app, and nothing of it is shown any more.
 *
 * Either the office had it erased: then this says what was handed in before, and what now. Or
 * another window of this tablet erased it or enrolled it anew: then only that is said.
 */

import { Bar, Button, Icon } from "../components";
import { t } from "../i18n";
import { sentence } from "../problems";
import { choose, replica } from "../session";

export function Wiped() {
  const status = replica.value?.status.value;
  const problem = status?.next.problem;
  const photos = status?.photos.waiting ?? 0;
  return (
    <div class="screen">
      <Bar title={t(problem ? "app.name" : "wiped.title")} />
      <div class="empty">
        <Icon name={problem ? "alert" : "trash"} />
        <strong>{problem ? sentence(problem) : t("wiped.what")}</strong>
        {!problem && <p>{t("wiped.work")}</p>}
        {!problem && photos > 0 && <p>{t("wiped.photos", { n: photos })}</p>}
        {!problem && <p>{t("wiped.do")}</p>}
        <Button kind="primary" onPress={() => void choose()}>
          {t("wiped.go")}
        </Button>
      </div>
    </div>
  );
}
