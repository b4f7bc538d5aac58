/** The worker's own page: who this is, how the app looks, its lock, this tablet, help. */

import { useState } from "preact/hooks";

import { Bar, Card, Choice, List, ListRow, Tag } from "../../components";
import { LANGUAGES, type Language, said, t } from "../../i18n";
import { preferences, type TextSize, type Theme } from "../../preferences";
import { choose, lock, profiles, useSession } from "../../session";
import { updateReady } from "../../update";
import { PinCard } from "./PinCard";

export function MePage() {
  const { replica, model } = useSession();
  const [busy, setBusy] = useState(false);
  const mine = profiles.value.find((one) => one.id === replica.profile.id);
  const name = model.me.value?.text("name") || replica.profile.name;
  const others = profiles.value.length - 1;
  return (
    <div class="screen">
      <Bar title={name || t("me.title")} second={roleWords()} />
      <Look />
      <PinCard profile={mine ?? replica.profile} />
      <Card flush title={t("me.workers")}>
        <List>
          {mine?.hasPin && (
            <ListRow icon="lock" title={t("me.lock")} second={t("me.lock.hint")} onPress={() => void lock()} />
          )}
          <ListRow
            icon="people"
            title={t("lock.other")}
            second={others > 0 ? t("me.others", { n: others }) : t("me.alone")}
            onPress={() => {
              setBusy(true);
              void choose().finally(() => setBusy(false));
            }}
          />
          <ListRow icon="plus" title={t("choose.add")} href="#/enrol" />
        </List>
      </Card>
      <Card flush title={t("me.tablet")}>
        <List>
          <ListRow
            icon="device"
            title={t("app.title")}
            second={t("app.title.hint")}
            href="#/me/app"
            end={updateReady.value && <Tag tone="info">{t("update.ready")}</Tag>}
          />
          <ListRow icon="info" title={t("capable.title")} href="#/capable" />
          <ListRow icon="trash" title={t("wipe.title")} href="#/me/wipe" />
        </List>
      </Card>
      <Card flush title={t("help.title")}>
        <List>
          <ListRow icon="help" title={t("help.all")} href="#/help" />
          <ListRow icon="people" title={t("me.data")} href="#/help/data" />
        </List>
      </Card>
      {busy && <p role="status">{t("loading")}</p>}
    </div>
  );

  /** The role as the catalogue calls it. */
  function roleWords(): string {
    const role = replica.role.value;
    const field = replica.catalogue.value.get("user")?.byName.get("role");
    const label = field?.choices.find((one) => one.value === role)?.label;
    return label ? said(label) : "";
  }
}

function Look() {
  const themes: { value: Theme; label: string }[] = [
    { value: "system", label: t("look.system") },
    { value: "light", label: t("look.light") },
    { value: "dark", label: t("look.dark") },
  ];
  const sizes: { value: TextSize; label: string }[] = [
    { value: "normal", label: t("text.normal") },
    { value: "large", label: t("text.large") },
    { value: "larger", label: t("text.larger") },
    { value: "largest", label: t("text.largest") },
  ];
  return (
    <Card title={t("look.title")}>
      <Choice
        label={t("look.language")}
        value={preferences.language.value}
        options={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))}
        onValue={(value) => {
          preferences.language.value = value as Language;
        }}
      />
      <Choice
        label={t("text.size")}
        value={preferences.text.value}
        options={sizes}
        onValue={(value) => {
          preferences.text.value = value as TextSize;
        }}
      />
      <Choice
        label={t("look.theme")}
        value={preferences.theme.value}
        options={themes}
        onValue={(value) => {
          preferences.theme.value = value as Theme;
        }}
      />
    </Card>
  );
}
