/**
 * Search: one field for names, pinyin, doors and telephone numbers; the answer comes as one types.
 *
 * Text that an input method is still composing is searched for too, letters as pinyin,
 * for nothing is saved here. What was found and opened stays as recent finds: of those
 * only ids are remembered.
 */

import type { TargetedKeyboardEvent } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import type { View } from "../../engine";
import type { Model } from "../../model";
import { Bar, Empty, Icon, IconButton, List, ListRow } from "../components";
import { t } from "../i18n";
import { go } from "../router";
import { useSession } from "../session";
import { finderOf } from "./finder";
import { recordPath } from "./links";
import { recallTexts, rememberFirst } from "./memory";
import { Marked } from "./parts";
import type { Hit } from "./search";
import { addressOf, doorInWords, householder } from "./titles";

const SHOWN = 60;
const RECENT = 12;

export function Search() {
  const { model, replica } = useSession();
  const [text, setText] = useState(lastTyped.get(model) ?? "");
  const input = useRef<HTMLInputElement>(null);
  const finder = finderOf(model);
  const version = finder.version.value;
  const { hits, total } = useMemo(() => finder.index.find(text, SHOWN), [text, version]);
  useEffect(() => input.current?.focus(), []);
  const type = (typed: string) => {
    lastTyped.set(model, typed);
    setText(typed);
  };
  const open = (type: string, id: string) => {
    rememberFirst(replica.profile.id, "found", id, RECENT);
    go(recordPath(type, id));
  };
  return (
    <div class="screen search" onKeyDown={walkResults}>
      <Bar title={t("search.title")} />
      <div class="searchbox" role="search">
        <Icon name="search" />
        <input
          ref={input}
          class="input"
          type="search"
          value={text}
          aria-label={t("search.label")}
          placeholder={t("search.hint")}
          autocomplete="off"
          autocorrect="off"
          spellcheck={false}
          enterKeyHint="search"
          onInput={(event) => type(event.currentTarget.value)}
          onKeyDown={(event) => {
            const best = hits[0]?.entry;
            if (event.key === "Enter" && !event.isComposing && best) open(best.kind, best.id);
          }}
        />
        {text && (
          <IconButton
            icon="close"
            label={t("search.clear")}
            onPress={() => {
              type("");
              input.current?.focus();
            }}
          />
        )}
      </div>
      <p class="quiet small" role="status" aria-live="polite">
        {text.trim() && t("search.found", { n: total })}
      </p>
      {text.trim() ? <Hits hits={hits} total={total} onOpen={open} /> : <Recent onOpen={open} />}
    </div>
  );
}

/** What a worker typed last, while their records are open: Back from a household leads to its list. */
const lastTyped = new WeakMap<Model, string>();

type Open = (type: string, id: string) => void;

/** Arrow keys lead from the field into the list and along it. */
function walkResults(event: TargetedKeyboardEvent<HTMLElement>): void {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const stops = [...event.currentTarget.querySelectorAll<HTMLElement>("input, .list .row")];
  const now = stops.indexOf(document.activeElement as HTMLElement);
  const next = stops[now + (event.key === "ArrowDown" ? 1 : -1)];
  if (now < 0 || !next) return;
  event.preventDefault();
  next.focus();
}

function Hits({ hits, total, onOpen }: { hits: readonly Hit[]; total: number; onOpen: Open }) {
  if (total === 0) {
    return (
      <Empty title={t("search.nothing")} icon="search">
        <p>{t("search.nothing.do")}</p>
      </Empty>
    );
  }
  return (
    <section class="card">
      <List label={t("search.results")}>
        {hits.map((hit) => (
          <HitRow key={hit.entry.id} hit={hit} onOpen={onOpen} />
        ))}
      </List>
      {total > hits.length && (
        <p class="more quiet">{t("search.more", { n: total - hits.length })}</p>
      )}
    </section>
  );
}

function HitRow({ hit, onOpen }: { hit: Hit; onOpen: Open }) {
  const { entry } = hit;
  const address = doorInWords(entry.door);
  const isPerson = entry.kind === "resident";
  return (
    <ListRow
      icon={isPerson ? "people" : "door"}
      title={
        entry.name ? <Marked text={entry.name} ranges={hit.name} /> : t("title.no_householder")
      }
      second={
        <>
          {hit.door ? <mark>{address}</mark> : address}
          {hit.phone.length > 0 && (
            <>
              {" · "}
              <Marked text={entry.phone} ranges={hit.phone} />
            </>
          )}
        </>
      }
      onPress={() => onOpen(entry.kind, entry.id)}
    />
  );
}

function Recent({ onOpen }: { onOpen: Open }) {
  const { model, replica } = useSession();
  const found = recallTexts(replica.profile.id, "found")
    .map((id) => model.record(id).value)
    .filter((view): view is View => view !== null && !view.deleted);
  if (found.length === 0) {
    return (
      <Empty title={t("search.begin")} icon="search">
        <p>{t("search.begin.how")}</p>
      </Empty>
    );
  }
  return (
    <section class="card" aria-label={t("search.recent")}>
      <header>
        <h2>{t("search.recent")}</h2>
      </header>
      <List>
        {found.map((view) => {
          const household =
            view.type === "household" ? view : model.record(view.text("household")).value;
          return (
            <ListRow
              key={view.id}
              icon={view.type === "household" ? "door" : "people"}
              title={view.type === "household" ? householder(view) : view.text("name")}
              second={household ? addressOf(household, model) : ""}
              onPress={() => onOpen(view.type, view.id)}
            />
          );
        })}
      </List>
    </section>
  );
}
