/** Choosing a PIN: typed twice, for nobody can read it back. */

import { useState } from "preact/hooks";

import { engine } from "../../engine";
import { Button, Sheet, TextField } from "../components";
import { t } from "../i18n";
import { problemOf, sentence } from "../problems";
import { readProfiles } from "../session";

export const PIN_FORM = /^\d{4,12}$/;

export function PinSheet(props: { profile: string; onDone: () => void; onClose: () => void }) {
  const [pin, setPin] = useState("");
  const [again, setAgain] = useState("");
  const [wrong, setWrong] = useState<{ pin?: string; again?: string }>({});
  const [busy, setBusy] = useState(false);

  const save = async (): Promise<void> => {
    if (!PIN_FORM.test(pin)) return setWrong({ pin: t("pin.form") });
    if (pin !== again) return setWrong({ again: t("pin.differs") });
    setBusy(true);
    try {
      await engine.setPin(props.profile, pin);
      await readProfiles();
      props.onDone();
    } catch (error) {
      setWrong({ pin: sentence(problemOf(error)) });
    } finally {
      setBusy(false);
    }
    return undefined;
  };

  return (
    <Sheet title={t("pin.choose")} onClose={props.onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <p class="hint">{t("pin.what")}</p>
        <TextField
          label={t("pin.new")}
          hint={t("pin.form")}
          type="password"
          inputMode="numeric"
          autocomplete="new-password"
          value={pin}
          error={wrong.pin}
          onValue={setPin}
        />
        <TextField
          label={t("pin.again")}
          type="password"
          inputMode="numeric"
          autocomplete="new-password"
          value={again}
          error={wrong.again}
          onValue={setAgain}
        />
        <Button kind="primary" type="submit" wide busy={busy}>
          {t("pin.save")}
        </Button>
      </form>
    </Sheet>
  );
}
