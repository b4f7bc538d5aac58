/** Own photos in a list: which, of what, how each stands, and what can be done about it. */

import { useState } from "preact/hooks";

import type { Photo, Problem } from "../../engine";
import { Button, Card, Confirm } from "../components";
import { t } from "../i18n";
import { bytes, moment } from "../i18n/moments";
import { problemOf, sentence } from "../problems";
import { useSession } from "../session";
import { recordLink } from "../fieldwork/links";
import { titleOfId } from "../fieldwork/titles";
import { PhotoBadge, PhotoButton } from "./Photo";

export function PhotoList({ title, photos }: { title: string; photos: readonly Photo[] }) {
  if (photos.length === 0) return null;
  return (
    <Card flush title={title}>
      <ul class="list">
        {photos.map((photo) => (
          <PhotoRow key={`${photo.record} ${photo.digest}`} photo={photo} />
        ))}
      </ul>
    </Card>
  );
}

function PhotoRow({ photo }: { photo: Photo }) {
  const { replica, model } = useSession();
  const [asking, ask] = useState(false);
  const [failed, setFailed] = useState<Problem | null>(null);
  const { digest, record, state } = photo;
  const view = model.record(record).value;
  const title = titleOfId(record, model);
  const problem = failed ?? photo.problem;
  const act = (deed: Promise<unknown>) => {
    ask(false);
    deed.catch((error: unknown) => setFailed(problemOf(error)));
  };
  return (
    <li class="photo-row" data-photo-state={state}>
      <PhotoButton
        digest={digest}
        record={record}
        label={title}
        covered={replica.catalogue.value.get(photo.type ?? "")?.restricted}
      />
      <div class="words">
        {view ? <a href={recordLink(view.type, record)}>{title}</a> : <span>{title}</span>}
        <span class="quiet small">
          {bytes(photo.bytes)} · {moment(photo.takenMs)}
        </span>
        <PhotoBadge photo={photo} />
      </div>
      {problem && state !== "sending" && state !== "handed_in" && (
        <div class="wide">
          <p>{sentence(problem)}</p>
          <div class="buttons">
            <Button icon="refresh" onPress={() => act(replica.photos.retry(record, digest))}>
              {t("action.retry")}
            </Button>
            {state === "refused" && (
              <Button icon="trash" onPress={() => ask(true)}>
                {t("photo.give_up")}
              </Button>
            )}
          </div>
        </div>
      )}
      {asking && (
        <Confirm
          title={t("photo.give_up.ask")}
          deed={t("photo.give_up")}
          danger
          onClose={() => ask(false)}
          onDeed={() => act(replica.photos.giveUp(record, digest))}
        >
          <p>{t("photo.give_up.why")}</p>
        </Confirm>
      )}
    </li>
  );
}
