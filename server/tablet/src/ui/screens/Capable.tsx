/**
 * What this browser can do, what it lacks, and what to do about it.
 *
 * A browser so old that it cannot read this file, or a page over plain HTTP, is told
 * the same by `public/capable.js`, which runs before everything else.
 */

import { useEffect, useState } from "preact/hooks";

import { type Capabilities, engine } from "../../engine";
import { Bar, Card, Icon, List, Loading, Notice, Tag } from "../components";
import { type Key, t } from "../i18n";
import { HOME } from "../router";

type Part = Capabilities["missing"][number];

/** Part → what it is for, and what to do if it is missing. */
const PARTS: Record<Part, { name: Key; without: Key; needed: boolean }> = {
  storage: { name: "capable.storage", without: "capable.storage.without", needed: true },
  crypto: { name: "capable.crypto", without: "capable.crypto.without", needed: true },
  streams: { name: "capable.streams", without: "capable.streams.without", needed: true },
  service_worker: { name: "capable.worker", without: "capable.worker.without", needed: false },
  locks: { name: "capable.locks", without: "capable.locks.without", needed: false },
  persist: { name: "capable.persist", without: "capable.persist.without", needed: false },
  gzip: { name: "capable.gzip", without: "capable.gzip.without", needed: false },
};

export function Capable() {
  const [found, setFound] = useState<Capabilities | null>(null);
  useEffect(() => {
    void engine.capabilities().then(setFound, () =>
      setFound({ missing: ["storage"], usable: false, secureContext: isSecureContext }),
    );
  }, []);
  return (
    <div class="screen">
      <Bar title={t("capable.title")} up={HOME} />
      {!found && <Loading />}
      {found && (
        <Notice tone={found.usable ? (found.missing.length > 0 ? "warn" : "good") : "bad"}>
          {t(verdict(found))}
        </Notice>
      )}
      {found && <MissingList capabilities={found} />}
    </div>
  );
}

function verdict(found: Capabilities): Key {
  if (!found.usable) return "capable.unusable";
  return found.missing.length > 0 ? "capable.some" : "capable.all";
}

export function MissingList({ capabilities }: { capabilities: Capabilities }) {
  return (
    <>
      {!capabilities.secureContext && (
        <Notice tone="bad">
          <strong>{t("capable.insecure")}</strong>
          <p>{t("capable.insecure.do")}</p>
          <p>
            <a href="#/help/certificate">{t("capable.insecure.help")}</a>
          </p>
        </Notice>
      )}
      <Card flush>
        <List>
          {(Object.keys(PARTS) as Part[]).map((part) => {
            const missing = capabilities.missing.includes(part);
            const { name, without, needed } = PARTS[part];
            return (
              <li key={part}>
                <div class={missing ? "row lacking" : "row"}>
                  <Icon name={missing ? "close" : "check"} />
                  <span class="words">
                    <span class="title">{t(name)}</span>
                    {missing && <span class="second">{t(without)}</span>}
                  </span>
                  <span class="end">
                    {missing ? (
                      <Tag tone={needed ? "bad" : "warn"}>{t("capable.missing")}</Tag>
                    ) : (
                      <Tag tone="good">{t("capable.there")}</Tag>
                    )}
                  </span>
                </div>
              </li>
            );
          })}
        </List>
      </Card>
    </>
  );
}
