/** A photo on a record: its thumb and how it stands, or a button to look at it. */

import { useState } from "preact/hooks";

import type { Photo } from "../../engine";
import { Badge, Button, type State } from "../components";
import { t } from "../i18n";
import { useSession } from "../session";
import { usePicture } from "./usePicture";
import { Viewer } from "./Viewer";

const BADGES: Record<Photo["state"], State> = {
  waiting: "waiting",
  sending: "sending",
  refused: "rejected",
  handed_in: "handed_in",
};

/** How an own photo stands: waiting, on its way with so much, handed in, refused. */
export function PhotoBadge({ photo }: { photo: Photo }) {
  const percent = Math.floor(photo.share * 100);
  const words =
    photo.state === "sending"
      ? t("photo.sending", { percent })
      : photo.state === "waiting" && percent > 0
        ? t("photo.part", { percent })
        : undefined;
  return <Badge state={BADGES[photo.state]} words={words} />;
}

/** The photo that a record names; of one's own also how it stands. */
export function ShownPhoto(props: { digest: string; record: string; label: string }) {
  const { digest, record } = props;
  const { replica } = useSession();
  // One that was taken for a record that was merged is with the one that stands for it.
  const isOfIt = (one: Photo) => one.record === record || replica.view(one.record)?.id === record;
  const own = replica.photos.all.value.find((one) => one.digest === digest && isOfIt(one));
  return (
    <span class="photo">
      <PhotoButton {...props} />
      {own && <PhotoBadge photo={own} />}
    </span>
  );
}

/**
 * The thumb, or words where it is not on this tablet; a tap shows it large. `covered`: words in
 * any case, because of who may look over a shoulder.
 */
export function PhotoButton(props: {
  digest: string;
  record: string | null;
  label: string;
  covered?: boolean | undefined;
}) {
  const { digest, label } = props;
  const { replica } = useSession();
  const [open, setOpen] = useState(false);
  const thumb = usePicture(() => replica.photos.here(digest, "thumb"), [digest]);
  return (
    <>
      {thumb && !props.covered ? (
        <button
          type="button"
          class="photo-thumb"
          aria-label={t("photo.open", { what: label })}
          onClick={() => setOpen(true)}
        >
          <img src={thumb} alt="" />
        </button>
      ) : (
        <Button icon="camera" label={t("photo.open", { what: label })} onPress={() => setOpen(true)}>
          {t("photo.show")}
        </Button>
      )}
      {open && <Viewer {...props} onClose={() => setOpen(false)} />}
    </>
  );
}
