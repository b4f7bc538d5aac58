/** One entry of the outbox in a list: what, which record, when, and its badge. */

import type { Work } from "../../../engine";
import { Badge, ListRow } from "../../components";
import { moment } from "../../i18n/moments";
import { useSession } from "../../session";
import { badgeOf, deedOf, recordOf } from "./entryWords";

export function EntryRow({ work }: { work: Work }) {
  const { replica, model } = useSession();
  const spec = replica.catalogue.value.get(work.type);
  return (
    <ListRow
      title={deedOf(work, spec)}
      second={`${recordOf(work, model)} · ${moment(work.atMs)}`}
      end={<Badge state={badgeOf(work, model)} />}
      href={`#/sync/${encodeURIComponent(work.stamp)}`}
    />
  );
}
