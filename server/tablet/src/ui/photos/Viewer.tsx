/**
 * One photo, as large as the screen: from this tablet if it is here, else from the server.
 *
 * What a record of somebody else shows is not kept on this tablet: it may be erased tomorrow.
 * So it is asked for when somebody wants to see it, and says so where there is no network.
 */

import { useEffect, useState } from "preact/hooks";

import type { Problem } from "../../engine";
import { Button, ErrorState, Loading, Sheet } from "../components";
import { t } from "../i18n";
import { problemOf, sentence } from "../problems";
import { useSession } from "../session";
import { usePicture } from "./usePicture";

/** As in the stylesheet. */
const ZOOM = 2.5;

/** Bring to the middle what was tapped; by keyboard, the middle. */
function showPoint(zoom: HTMLElement, { detail, offsetX, offsetY }: MouseEvent): void {
  const frame = zoom.parentElement!;
  const [x, y] = detail > 0 ? [offsetX, offsetY] : [zoom.clientWidth / 2, zoom.clientHeight / 2];
  requestAnimationFrame(() => {
    frame.scrollTo(x * ZOOM - frame.clientWidth / 2, y * ZOOM - frame.clientHeight / 2);
  });
}

export interface ViewerProps {
  digest: string;
  /** The record that names it; null while it is only part of a form. */
  record: string | null;
  /** What it is, in words. */
  label: string;
  onClose: () => void;
}

export function Viewer({ digest, record, label, onClose }: ViewerProps) {
  const { replica } = useSession();
  const [tries, setTries] = useState(0);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [zoomed, setZoomed] = useState(false);
  const thumb = usePicture(() => replica.photos.here(digest, "thumb"), [digest]);
  const whole = usePicture(async () => {
    setProblem(null);
    try {
      const here = await replica.photos.here(digest, "whole");
      return here ?? (record === null ? null : await replica.photos.fetch(record, digest));
    } catch (error) {
      setProblem(problemOf(error));
      return null;
    }
  }, [digest, record, tries]);
  useEffect(() => setZoomed(false), [digest]);
  return (
    <Sheet title={label} onClose={onClose} wide>
      {whole ? (
        <div class="photo-frame" data-pan tabIndex={0} role="group" aria-label={label}>
          <button
            type="button"
            class={zoomed ? "photo-zoom zoomed" : "photo-zoom"}
            aria-pressed={zoomed}
            aria-label={t("photo.zoom", { what: label })}
            onClick={(event) => {
              setZoomed(!zoomed);
              if (!zoomed) showPoint(event.currentTarget, event);
            }}
          >
            <img src={whole} alt={label} />
          </button>
        </div>
      ) : (
        <>
          {thumb && <img class="photo-small" src={thumb} alt={label} />}
          {problem ? (
            <ErrorState title={problem.code === "unreachable" ? t("photo.offline") : sentence(problem)}>
              {problem.code === "unreachable" && <p>{t("photo.offline.why")}</p>}
              <Button icon="refresh" onPress={() => setTries(tries + 1)}>
                {t("action.retry")}
              </Button>
            </ErrorState>
          ) : (
            <Loading what={t("photo.loading")} />
          )}
        </>
      )}
    </Sheet>
  );
}
