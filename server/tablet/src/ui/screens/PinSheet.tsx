/**
 * Choosing a PIN: typed twice, for nobody can read it back. Who changes or removes one must
 * know it: the tablet may lie open on a table.
 */

import { useState } from "preact/hooks";

import { engine, type Profile } from "../../engine";
import { Button, Sheet, TextField } from "../components";
import { type Key, t } from "../i18n";
import { problemOf, sentence } from "../problems";
import { readProfiles } from "../session";

export const PIN_FORM = /^\d{4,12}$/;

type Name = "present" | "pin" | "again";

interface PinSheetProps {
  profile: Pick<Profile, "id" | "hasPin">;
  /** Take the PIN away instead. */
  removes?: boolean;
  onDone: () => void;
  onClose: () => void;
}

export function PinSheet({ profile, removes = false, onDone, onClose }: PinSheetProps) {
  const [typed, setTyped] = useState<Record<Name, string>>({ present: "", pin: "", again: "" });
  const [wrong, setWrong] = useState<Partial<Record<Name, string>>>({});
  const [busy, setBusy] = useState(false);
  const { present, pin, again } = typed;
  const asked: readonly Name[] = [
    ...(profile.hasPin ? ["present" as const] : []),
    ...(removes ? [] : (["pin", "again"] as const)),
  ];

  const save = async (): Promise<void> => {
    if (!removes && !PIN_FORM.test(pin)) return setWrong({ pin: t("pin.form") });
    if (!removes && pin !== again) return setWrong({ again: t("pin.differs") });
    setBusy(true);
    try {
      const told = await engine.checkPin(profile.id, present);
      if (!told.ok) {
        const n = Math.ceil(told.waitMs / 1_000);
        return setWrong({ present: n > 0 ? t("lock.wait", { n }) : t("lock.wrong") });
      }
      await engine.setPin(profile.id, removes ? null : pin);
      await readProfiles();
      onDone();
    } catch (error) {
      setWrong({ [asked[0] ?? "pin"]: sentence(problemOf(error)) });
    } finally {
      setBusy(false);
    }
    return undefined;
  };

  return (
    <Sheet title={t(removes ? "pin.remove" : "pin.choose")} onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <p class="hint">{t(removes ? "pin.remove.why" : "pin.what")}</p>
        {asked.map((name) => (
          <TextField
            key={name}
            label={t(LABELS[name])}
            hint={name === "pin" ? t("pin.form") : undefined}
            type="password"
            inputMode="numeric"
            autocomplete={name === "present" ? "current-password" : "new-password"}
            value={typed[name]}
            error={wrong[name]}
            onValue={(value) => setTyped((before) => ({ ...before, [name]: value }))}
          />
        ))}
        <Button kind={removes ? "danger" : "primary"} type="submit" wide busy={busy}>
          {t(removes ? "pin.remove" : "pin.save")}
        </Button>
      </form>
    </Sheet>
  );
}

const LABELS: Record<Name, Key> = { present: "pin.present", pin: "pin.new", again: "pin.again" };
