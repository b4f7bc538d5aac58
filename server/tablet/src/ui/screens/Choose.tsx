/** Who works on this tablet: each with records, work and a PIN of their own. */

import { useState } from "preact/hooks";

import { Bar, Button, Card, Icon, List, ListRow } from "../components";
import { LanguageSwitch } from "../frame/LanguageSwitch";
import { t } from "../i18n";
import { ago } from "../i18n/moments";
import { problemOf } from "../problems";
import { go, goTab, HOME } from "../router";
import { profiles, takeUp } from "../session";
import { ProblemNotice } from "./ProblemNotice";
import type { Problem, Profile } from "../../engine";

export function Choose() {
  const [problem, setProblem] = useState<Problem | null>(null);
  const take = (profile: Profile) => {
    goTab(HOME);
    takeUp(profile).catch((error: unknown) => setProblem(problemOf(error)));
  };
  return (
    <div class="screen">
      <Bar title={t("choose.title")} actions={<LanguageSwitch />} />
      {problem && <ProblemNotice problem={problem} />}
      <Card flush>
        <List label={t("choose.title")}>
          {profiles.value.map((profile) => (
            <ListRow
              key={profile.id}
              icon={profile.hasPin ? "lock" : "me"}
              title={profile.name || t("choose.unnamed")}
              second={secondOf(profile)}
              onPress={() => take(profile)}
            />
          ))}
        </List>
      </Card>
      <Button icon="plus" onPress={() => go("/enrol")}>
        {t("choose.add")}
      </Button>
      <p class="hint with-icon">
        <Icon name="info" />
        {t("choose.apart")}
      </p>
    </div>
  );
}

function secondOf(profile: Profile): string {
  const used = t("choose.used", { ago: ago(profile.lastUsedMs) });
  return profile.waiting > 0 ? `${t("profile.waiting", { n: profile.waiting })} ${used}` : used;
}
