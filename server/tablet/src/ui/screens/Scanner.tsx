/**
 * Reading the square to enrol with through the camera.
 *
 * The browser reads squares itself (`BarcodeDetector`, in Chromium on Android); where
 * it cannot, this is never shown and the code is typed. The picture stays on the
 * tablet: nothing of it is kept or sent. The camera is let go of in every way out.
 */

import { useEffect, useRef, useState } from "preact/hooks";

import { Notice, Sheet } from "../components";
import { t } from "../i18n";
import { codeIn } from "./enrolCode";

interface Detector {
  detect(source: HTMLVideoElement): Promise<{ rawValue: string }[]>;
}
type DetectorClass = new (options: { formats: string[] }) => Detector;

const detectorClass = (): DetectorClass | undefined =>
  (globalThis as { BarcodeDetector?: DetectorClass }).BarcodeDetector;

/** Whether this browser can read a square at all. */
export const canScan = (): boolean =>
  detectorClass() !== undefined && navigator.mediaDevices?.getUserMedia !== undefined;

const LOOK_MS = 250;

export function Scanner(props: { onCode: (code: string) => void; onClose: () => void }) {
  const video = useRef<HTMLVideoElement>(null);
  const [trouble, setTrouble] = useState<"denied" | "other_square" | null>(null);

  useEffect(() => {
    let stream: MediaStream | null = null;
    let timer: ReturnType<typeof setTimeout>;
    let over = false;

    const look = async (detector: Detector): Promise<void> => {
      const shown = video.current;
      if (over || !shown) return;
      const found = shown.readyState >= 2 ? await detector.detect(shown).catch(() => []) : [];
      const codes = found.map((one) => codeIn(one.rawValue));
      const code = codes.find((one) => one !== null);
      if (over) return;
      if (code) {
        props.onCode(code);
        return;
      }
      if (codes.length > 0) setTrouble("other_square");
      timer = setTimeout(() => void look(detector), LOOK_MS);
    };

    const begin = async (): Promise<void> => {
      const Class = detectorClass();
      if (!Class) return;
      try {
        stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      } catch {
        setTrouble("denied");
        return;
      }
      if (over || !video.current) {
        stop(stream);
        return;
      }
      video.current.srcObject = stream;
      await video.current.play().catch(() => undefined);
      void look(new Class({ formats: ["qr_code"] }));
    };

    void begin();
    return () => {
      over = true;
      clearTimeout(timer);
      stop(stream);
    };
  }, []);

  return (
    <Sheet title={t("scan.title")} onClose={props.onClose}>
      {trouble === "denied" ? (
        <Notice tone="warn" live>
          {t("scan.denied")}
        </Notice>
      ) : (
        <>
          <video ref={video} class="camera" muted playsInline />
          <p class="hint" role="status">
            {t(trouble === "other_square" ? "scan.other_square" : "scan.hint")}
          </p>
        </>
      )}
    </Sheet>
  );
}

function stop(stream: MediaStream | null): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}
