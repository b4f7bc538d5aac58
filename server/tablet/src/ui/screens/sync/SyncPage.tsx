/**
 * The sync page: everything that is so of this tablet's work, and nothing else.
 *
 * One tap from every screen. What waits comes first; then what needs this worker: work
 * that the server did not take, and notices; then drafts, and what was handed in lately.
 */

import { useState } from "preact/hooks";

import type { Photo } from "../../../engine";
import { Bar, Card, Count, Empty, List, ListRow, panelOf, Tabs, toast } from "../../components";
import { t } from "../../i18n";
import { moment } from "../../i18n/moments";
import { PhotoList } from "../../photos/PhotoList";
import { problemOf, sentence } from "../../problems";
import type { ScreenProps } from "../../routes";
import { useSession } from "../../session";
import { draftPath } from "../../fieldwork/links";
import { EntryRow } from "./EntryRow";
import { isInConflict } from "./entryWords";
import { NoticeRow } from "./NoticeRow";
import { SaveUnsent } from "./SaveUnsent";
import { Summary } from "./Summary";
import { type Outbox, useOutbox } from "./useOutbox";

type Part = "waiting" | "settle" | "drafts" | "handed";
const PARTS: readonly Part[] = ["waiting", "settle", "drafts", "handed"];

/** How many settled entries are listed: a month of them would be a list nobody reads. */
const SETTLED_SHOWN = 100;

export function SyncPage({ query }: ScreenProps) {
  const { replica, model } = useSession();
  const outbox = useOutbox();
  const drafts = replica.drafts.all.value;
  const unread = model.unread.value.length;
  const photos = photosBy(replica.photos.all.value);
  const toSettle = outbox.kept.length + photos.refused.length + unread;
  const asked = PARTS.find((part) => part === query.get("part"));
  const [chosen, choose] = useState<Part>(
    () => asked ?? firstPart(outbox.waiting.length + photos.waiting.length, toSettle),
  );
  const tabs = [
    { name: "waiting", label: t("sync.part.waiting"), count: outbox.waiting.length + photos.waiting.length },
    {
      name: "settle",
      label: t("sync.part.settle"),
      count: toSettle,
      urgent: true,
    },
    { name: "drafts", label: t("sync.part.drafts"), count: drafts.length },
    { name: "handed", label: t("sync.part.handed") },
  ] as const;
  return (
    <div class="screen">
      <Bar title={t("sync.title")} />
      <Summary replica={replica} />
      <Tabs id="sync" label={t("sync.parts")} tabs={tabs} chosen={chosen} onChoose={choose} />
      <div {...panelOf("sync", chosen)} class="stack">
        {chosen === "waiting" && <Waiting outbox={outbox} photos={photos.waiting} />}
        {chosen === "settle" && <Settle outbox={outbox} photos={photos.refused} />}
        {chosen === "drafts" && <Drafts />}
        {chosen === "handed" && <Handed outbox={outbox} photos={photos.handed} />}
      </div>
      <Unsent />
    </div>
  );
}

/** What needs a person first; else what waits. */
const firstPart = (waiting: number, toSettle: number): Part =>
  waiting === 0 && toSettle > 0 ? "settle" : "waiting";

/** What waits the oldest first, like entries; what is handed in the newest first. */
const photosBy = (all: readonly Photo[]) => ({
  waiting: all.filter((one) => one.state === "waiting" || one.state === "sending").reverse(),
  refused: all.filter((one) => one.state === "refused"),
  handed: all.filter((one) => one.state === "handed_in"),
});

interface PartProps {
  outbox: Outbox;
  photos: readonly Photo[];
}

function Waiting({ outbox, photos }: PartProps) {
  if (outbox.waiting.length + photos.length === 0) {
    return (
      <Empty title={t("sync.waiting.none")}>
        <p>{t("sync.waiting.none.why")}</p>
      </Empty>
    );
  }
  return (
    <>
      {outbox.waiting.length > 0 && (
        <Card flush>
          <List label={t("sync.part.waiting")}>
            {outbox.waiting.map((work) => (
              <EntryRow key={work.stamp} work={work} />
            ))}
          </List>
        </Card>
      )}
      <PhotoList title={t("sync.photos")} photos={photos} />
    </>
  );
}

function Settle({ outbox, photos }: PartProps) {
  const { model } = useSession();
  const notices = model.notices.value;
  const conflicts = outbox.settled.filter((work) => isInConflict(work, model));
  if (outbox.kept.length + photos.length + notices.length + conflicts.length === 0) {
    return (
      <Empty title={t("sync.settle.none")}>
        <p>{t("sync.settle.none.why")}</p>
      </Empty>
    );
  }
  return (
    <>
      {outbox.kept.length > 0 && (
        <Card
          flush
          title={t("sync.kept")}
          action={<Count n={outbox.kept.length} label={t("status.to_settle")} />}
        >
          <p class="hint">{t("sync.kept.why")}</p>
          <List>
            {outbox.kept.map((work) => (
              <EntryRow key={work.stamp} work={work} />
            ))}
          </List>
        </Card>
      )}
      <PhotoList title={t("sync.photos.refused")} photos={photos} />
      {conflicts.length > 0 && (
        <Card flush title={t("sync.conflicts")}>
          <p class="hint">{t("sync.conflicts.why")}</p>
          <List>
            {conflicts.map((work) => (
              <EntryRow key={work.stamp} work={work} />
            ))}
          </List>
        </Card>
      )}
      {notices.length > 0 && (
        <Card
          flush
          title={t("sync.notices")}
          action={<Count n={model.unread.value.length} label={t("nav.unread")} />}
        >
          <List>
            {notices.map((notice) => (
              <NoticeRow key={notice.id} notice={notice} />
            ))}
          </List>
        </Card>
      )}
    </>
  );
}

function Drafts() {
  const { replica } = useSession();
  const drafts = replica.drafts.all.value;
  if (drafts.length === 0) {
    return (
      <Empty title={t("sync.drafts.none")} icon="edit">
        <p>{t("sync.drafts.none.why")}</p>
      </Empty>
    );
  }
  return (
    <Card flush>
      <p class="hint">{t("sync.drafts.why")}</p>
      <List label={t("sync.part.drafts")}>
        {drafts.map((draft) => (
          <ListRow
            key={draft.key}
            icon="edit"
            title={draft.title}
            second={t("sync.drafts.saved", { at: moment(draft.savedMs) })}
            href={`#${draftPath(draft)}`}
          />
        ))}
      </List>
    </Card>
  );
}

function Handed({ outbox, photos }: PartProps) {
  if (outbox.settled.length + photos.length === 0) {
    return <Empty title={t("sync.handed.none")} icon="cloud" />;
  }
  return (
    <>
      <Card flush>
        <p class="hint">{t("sync.handed.why")}</p>
        <List label={t("sync.part.handed")}>
          {outbox.settled.slice(0, SETTLED_SHOWN).map((work) => (
            <EntryRow key={work.stamp} work={work} />
          ))}
        </List>
      </Card>
      <PhotoList title={t("sync.photos")} photos={photos.slice(0, SETTLED_SHOWN)} />
    </>
  );
}

function Unsent() {
  const [busy, setBusy] = useState(false);
  const save = async (saving: () => Promise<string>): Promise<void> => {
    setBusy(true);
    try {
      toast(await saving());
    } catch (error) {
      toast(sentence(problemOf(error)));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Card title={t("unsent.title")}>
      <p class="hint">{t("unsent.why")}</p>
      <div class="buttons">
        <SaveUnsent busy={busy} onSave={(saving) => void save(saving)} />
      </div>
    </Card>
  );
}
