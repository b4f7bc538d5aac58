/**
 * The status bar: the truth about sync, in sight on every screen; it opens the page of it.
 *
 * Its height does not change with its words, so that nothing below it jumps. A screen
 * reader hears it when what is so changes, and not each time the clock moves on.
 */

import { Count, Icon } from "../components";
import { t } from "../i18n";
import { nowMs } from "../i18n/moments";
import { statusLine } from "../status";
import { replica } from "../session";
import { shown } from "../steady";
import { toSettle } from "../settle";

export function StatusBar() {
  const status = shown.value;
  if (!status) return null;
  const drafts = replica.value?.drafts.all.value.length ?? 0;
  const { tone, icon, strong, rest } = statusLine(status, nowMs.value, drafts);
  return (
    <header class="top">
      <a class={`status ${tone}`} href="#/sync" data-tab="">
        <Icon name={icon} />
        <span class="words">
          <strong>{strong}</strong> {rest}
        </span>
        <Count n={toSettle.value} label={t("status.to_settle")} />
        <Icon name="next" />
      </a>
      <p class="unseen" role="status">
        {strong}
      </p>
    </header>
  );
}
