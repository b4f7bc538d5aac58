/** The app cannot begin: the browser lacks something, or its storage does not open. */

import type { Capabilities, Problem } from "../../engine";
import { Bar, Button, ErrorState, List, ListRow, Notice } from "../components";
import { LanguageSwitch } from "../frame/LanguageSwitch";
import { t } from "../i18n";
import { codeLine, sentence } from "../problems";
import { start } from "../session";
import { MissingList } from "./Capable";

export function Failed({ problem }: { problem: Problem }) {
  return (
    <div class="screen">
      <Bar title={t("app.name")} actions={<LanguageSwitch />} />
      <ErrorState title={t("failed.title")}>
        <p>{sentence(problem)}</p>
        <p class="quiet small">{codeLine(problem)}</p>
        <p>{t("failed.nothing_lost")}</p>
        <div class="buttons">
          <Button kind="primary" onPress={() => void start()}>
            {t("action.retry")}
          </Button>
          <Button onPress={() => location.reload()}>{t("action.reload")}</Button>
        </div>
      </ErrorState>
      <List>
        <ListRow icon="device" title={t("capable.title")} href="#/capable" />
        <ListRow icon="help" title={t("help.title")} href="#/help" />
      </List>
    </div>
  );
}

export function Incapable({ capabilities }: { capabilities: Capabilities }) {
  return (
    <div class="screen">
      <Bar title={t("capable.lacks")} actions={<LanguageSwitch />} />
      <Notice tone="bad">
        <strong>{t("capable.unusable")}</strong>
      </Notice>
      <MissingList capabilities={capabilities} />
      <Button onPress={() => void start()}>{t("capable.again")}</Button>
    </div>
  );
}
