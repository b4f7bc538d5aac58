/** A point on the map as an input: one fix, taken when the button is pressed, and taken out again. */

import { useState } from "preact/hooks";

import type { Json } from "../../engine";
import { Button, Icon } from "../components";
import { t } from "../i18n";
import { askForFix, type Fix } from "./geolocate";

export function PlaceInput(props: {
  label: string;
  value: Json;
  onValue: (value: Json) => void;
  /** What it reads as, once there is one. */
  words: string;
}) {
  const [asking, setAsking] = useState(false);
  const [fix, setFix] = useState<Fix | null>(null);
  const ask = async () => {
    setAsking(true);
    const found = await askForFix();
    setFix(found);
    setAsking(false);
    if (found.ok) props.onValue(found.point);
  };
  const isThere = props.value !== null && props.value !== "";
  return (
    <fieldset class="field">
      <legend>
        {props.label} <span class="quiet">{t("field.optional")}</span>
      </legend>
      {isThere && (
        <p class="place">
          <Icon name="pin" />
          <span>
            {props.words}
            {fix?.ok && fix.metres > 0 && (
              <small class="quiet"> {t("place.within", { n: fix.metres })}</small>
            )}
          </span>
        </p>
      )}
      <div class="buttons">
        <Button icon="pin" busy={asking} onPress={() => void ask()}>
          {asking ? t("place.asking") : t(isThere ? "place.again" : "place.add")}
        </Button>
        {isThere && (
          <Button kind="plain" icon="trash" onPress={() => props.onValue(null)}>
            {t("place.remove")}
          </Button>
        )}
      </div>
      <p class="wrong" role="alert" hidden={!fix || fix.ok}>
        {fix && !fix.ok && t(`place.${fix.why}`)}
      </p>
      <p class="hint">{t("place.once")}</p>
    </fieldset>
  );
}
