/**
 * A photo as an input: taken or chosen, seen at once, taken anew, taken out.
 *
 * A camera may push the browser out of a small tablet's memory. So the photo is on the disk, and
 * the form that holds it as well, before the form shows it.
 */

import { useRef, useState } from "preact/hooks";

import type { Json, Problem } from "../../engine";
import { Button } from "../components";
import { t } from "../i18n";
import { problemOf, sentence } from "../problems";
import { useSession } from "../session";
import { PhotoButton } from "./Photo";
import { shrink } from "./shrink";

export function PhotoInput(props: {
  label: string;
  value: Json;
  onValue: (value: Json) => void;
  /** The type that it is taken for, and the record that has it already; null for a new one. */
  type: string | null;
  record: string | null;
  error?: string | null | undefined;
  optional?: boolean | undefined;
}) {
  const { label, value, onValue, type, record } = props;
  const { replica } = useSession();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const camera = useRef<HTMLInputElement>(null);
  const files = useRef<HTMLInputElement>(null);
  const digest = typeof value === "string" && value !== "" ? value : null;
  const take = async (input: HTMLInputElement) => {
    const file = input.files?.[0];
    if (!file) return;
    setBusy(true);
    setProblem(null);
    try {
      const { whole, thumb } = await shrink(file);
      onValue(await replica.photos.keep(whole, thumb, type));
      await replica.drafts.flush();
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      // The same file can be chosen again.
      input.value = "";
      setBusy(false);
    }
  };
  const source = {
    type: "file",
    accept: "image/*",
    hidden: true,
    onChange: (event: { currentTarget: HTMLInputElement }) => void take(event.currentTarget),
  } as const;
  const wrong = problem ? sentence(problem) : props.error;
  return (
    <fieldset class="field">
      <legend>
        {label} {props.optional && <span class="quiet">{t("field.optional")}</span>}
      </legend>
      {digest && <PhotoButton digest={digest} record={record} label={label} />}
      <input {...source} ref={camera} capture="environment" data-photo="camera" />
      <input {...source} ref={files} data-photo="file" />
      <div class="buttons">
        <Button icon="camera" busy={busy} onPress={() => camera.current?.click()}>
          {t(busy ? "photo.busy" : digest ? "photo.again" : "photo.take")}
        </Button>
        <Button icon="file" busy={busy} onPress={() => files.current?.click()}>
          {t("photo.choose")}
        </Button>
        {digest && (
          <Button kind="plain" icon="trash" onPress={() => onValue(null)}>
            {t("photo.remove")}
          </Button>
        )}
      </div>
      <p class="wrong" role="alert" hidden={!wrong}>
        {wrong}
      </p>
    </fieldset>
  );
}
