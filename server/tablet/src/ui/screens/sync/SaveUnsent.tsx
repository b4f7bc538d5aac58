/**
 * "Save a file": the button for a file of everything that was not handed in.
 *
 * A file lies open in the tablet's downloads. Sealing what is restricted in it would leave
 * nobody to unseal it (the office has no key of this tablet's), and leaving it out would lose
 * work. So it is in the file like the rest, and whoever saves one with restricted facts in it
 * is told first, and says so once more.
 */

import { useState } from "preact/hooks";

import type { Replica } from "../../../engine";
import { Button, Confirm } from "../../components";
import { t } from "../../i18n";
import { useSession } from "../../session";

const KEPT_MS = 60_000;

/** `onSave` gets the saving to do, which answers with how many entries and photos it has. */
export function SaveUnsent(props: { busy: boolean; onSave: (save: () => Promise<string>) => void }) {
  const { replica } = useSession();
  const [restricted, ask] = useState(0);
  const go = () => {
    ask(0);
    props.onSave(() => saved(replica));
  };
  const press = () => {
    const found = restrictedIn(replica);
    if (found > 0) ask(found);
    else go();
  };
  return (
    <>
      <Button icon="file" busy={props.busy} onPress={press}>
        {t("unsent.save")}
      </Button>
      {restricted > 0 && (
        <Confirm
          title={t("unsent.restricted")}
          deed={t("unsent.save")}
          onClose={() => ask(0)}
          onDeed={go}
        >
          <p>{t("unsent.restricted.why", { n: restricted })}</p>
        </Confirm>
      )}
    </>
  );
}

/** How much of what a file would hold is about restricted records. A type that is not known may be. */
function restrictedIn(replica: Replica): number {
  const types = replica.catalogue.value;
  const work = replica.outbox({ all: true }).filter((one) => one.state !== "acknowledged");
  const drafts = replica.drafts.all.value;
  return [...work, ...drafts].filter(({ type }) => type && types.get(type)?.restricted !== false).length;
}

async function saved(replica: Replica): Promise<string> {
  const files = await replica.exportUnsent();
  for (const { name, blob } of files) save(name, blob);
  const sum = (what: "count" | "photos") => files.reduce((total, file) => total + file[what], 0);
  const photos = sum("photos");
  const words = t("unsent.saved", { n: sum("count") });
  return photos === 0 ? words : words + t("status.part") + t("unsent.saved.photos", { n: photos });
}

function save(name: string, blob: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // Some browsers begin to read it only when the person has said where to put it.
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
}
