/**
 * Help: short pages in both languages, kept on the tablet with the app.
 *
 * A page is a list of lines, so that who writes it needs no markup: `# ` begins a
 * heading, `- ` an item, `1. ` a numbered one; a blank in front means code.
 */

import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";

import { Bar, Card, Empty, ErrorState, List, ListRow, Loading } from "../../components";
import { language, type Language, t } from "../../i18n";
import { HOME } from "../../router";
import type { ScreenProps } from "../../routes";
import enFile from "./en.json?url";
import zhFile from "./zh-CN.json?url";

export interface HelpPage {
  id: string;
  title: string;
  lines: string[];
}

/** The pages are documents, not code: files of their own, kept on the tablet with the app. */
const FILES: Record<Language, string> = { "zh-CN": zhFile, en: enFile };

async function load(wanted: Language): Promise<HelpPage[]> {
  const answer = await fetch(FILES[wanted]);
  return (await answer.json()) as HelpPage[];
}

export function HelpPages({ params }: ScreenProps) {
  const [pages, setPages] = useState<HelpPage[] | null>(null);
  const [failed, setFailed] = useState(false);
  const chosen = language.value;
  useEffect(() => {
    load(chosen).then(setPages, () => setFailed(true));
  }, [chosen]);
  const id = params["page"];
  const page = pages?.find((one) => one.id === id);
  return (
    <div class="screen">
      <Bar title={page?.title ?? t("help.title")} up={id === undefined ? HOME : "/help"} />
      {failed && (
        <ErrorState title={t("screen.not_loaded")}>
          <p>{t("screen.not_loaded.do")}</p>
        </ErrorState>
      )}
      {!pages && !failed && <Loading />}
      {page && (
        <Card>
          <div class="prose">{blocksOf(page.lines)}</div>
        </Card>
      )}
      {pages && id === undefined && <Contents pages={pages} />}
      {pages && id !== undefined && !page && <Empty title={t("help.none")} icon="help" />}
    </div>
  );
}

function Contents({ pages }: { pages: HelpPage[] }) {
  return (
    <Card flush>
      <List>
        {pages.map((one) => (
          <ListRow key={one.id} title={one.title} href={`#/help/${one.id}`} />
        ))}
      </List>
    </Card>
  );
}

type Kind = "#" | "-" | "1." | " " | "";
const START = /^(#|-|1\.)? /;

/** Lines of one kind that follow each other make one block. */
export function blocksOf(lines: readonly string[]): ComponentChildren[] {
  const blocks: { kind: Kind; texts: string[] }[] = [];
  for (const line of lines) {
    const start = START.exec(line);
    const kind = (start ? (start[1] ?? " ") : "") as Kind;
    const text = line.slice(start?.[0].length ?? 0);
    const last = blocks[blocks.length - 1];
    if (last?.kind === kind && kind !== "" && kind !== "#") last.texts.push(text);
    else blocks.push({ kind, texts: [text] });
  }
  return blocks.map(({ kind, texts }, index) => blockOf(kind, texts, index));
}

function blockOf(kind: Kind, texts: string[], key: number): ComponentChildren {
  const items = texts.map((text) => <li key={text}>{text}</li>);
  switch (kind) {
    case "#":
      return <h2 key={key}>{texts[0]}</h2>;
    case "-":
      return <ul key={key}>{items}</ul>;
    case "1.":
      return <ol key={key}>{items}</ol>;
    case " ":
      return (
        <pre key={key} class="code">
          {texts.join("\n")}
        </pre>
      );
    default:
      return <p key={key}>{texts[0]}</p>;
  }
}
