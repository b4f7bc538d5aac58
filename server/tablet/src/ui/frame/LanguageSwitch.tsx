/** The other language, in its own words: for who cannot read this one. */

import { Button } from "../components";
import { LANGUAGES, language } from "../i18n";
import { preferences } from "../preferences";

export function LanguageSwitch() {
  const other = language.value === "en" ? "zh-CN" : "en";
  return (
    <Button
      kind="plain"
      onPress={() => {
        preferences.language.value = other;
      }}
    >
      <span lang={other}>{LANGUAGES[other]}</span>
    </Button>
  );
}
