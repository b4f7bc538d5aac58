/** The PIN of this worker: set it, change it, take it away, and after how long it is asked for. */

import { useState } from "preact/hooks";

import type { Profile } from "../../../engine";
import { Button, Card, SelectField, toast } from "../../components";
import { t } from "../../i18n";
import { preferences } from "../../preferences";
import { PinSheet } from "../PinSheet";

const MINUTES = ["1", "5", "15", "30"] as const;

export function PinCard({ profile }: { profile: Profile }) {
  const [open, setOpen] = useState<"set" | "remove" | null>(null);

  return (
    <Card title={t("pin.title")}>
      <p>{t(profile.hasPin ? "pin.is_set" : "pin.offer")}</p>
      {profile.hasPin && (
        <SelectField
          label={t("pin.after")}
          value={preferences.lockMinutes.value}
          options={MINUTES.map((value) => ({ value, label: t("span.minutes", { n: Number(value) }) }))}
          onValue={(value) => {
            preferences.lockMinutes.value = MINUTES.find((one) => one === value) ?? "5";
          }}
        />
      )}
      <div class="buttons">
        <Button icon="lock" onPress={() => setOpen("set")}>
          {t(profile.hasPin ? "pin.change" : "pin.choose")}
        </Button>
        {profile.hasPin && (
          <Button onPress={() => setOpen("remove")}>{t("pin.remove")}</Button>
        )}
      </div>
      {open && (
        <PinSheet
          profile={profile}
          removes={open === "remove"}
          onClose={() => setOpen(null)}
          onDone={() => {
            setOpen(null);
            toast(t(open === "set" ? "pin.set" : "pin.removed"));
          }}
        />
      )}
    </Card>
  );
}
