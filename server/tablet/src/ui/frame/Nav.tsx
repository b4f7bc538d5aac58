/** The tabs of the app: below on a tablet, where thumbs are; at the left on a desktop. */

import { Count, Icon } from "../components";
import { t } from "../i18n";
import { place } from "../router";
import { match } from "../routes";
import { unread } from "../settle";
import { tabs } from "./tabs";

export function Nav() {
  const here = match(place.value.path)?.route.tab ?? place.value.path;
  return (
    <nav class="nav" aria-label={t("nav.label")}>
      {tabs.map((tab) => (
        <a
          key={tab.path}
          href={`#${tab.path}`}
          data-tab=""
          aria-current={tab.path === here ? "page" : undefined}
        >
          <Icon name={tab.icon} />
          <span>{t(tab.label)}</span>
          {tab.path === "/sync" && <Count n={unread.value} label={t("nav.unread")} />}
        </a>
      ))}
    </nav>
  );
}
