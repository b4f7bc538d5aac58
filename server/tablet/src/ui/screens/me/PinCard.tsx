/** The PIN of this worker: set it, change it, take it away, and after how long it is asked for. */

import { useState } from "preact/hooks";

import { engine, type Problem, type Profile } from "../../../engine";
import { Button, Card, Confirm, SelectField, toast } from "../../components";
import { t } from "../../i18n";
import { preferences } from "../../preferences";
import { problemOf } from "../../problems";
import { readProfiles } from "../../session";
import { PinSheet } from "../PinSheet";
import { ProblemNotice } from "../ProblemNotice";

const MINUTES = ["1", "5", "15", "30"] as const;

export function PinCard({ profile }: { profile: Profile }) {
  const [open, setOpen] = useState<"set" | "remove" | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);

  const remove = async (): Promise<void> => {
    setOpen(null);
    try {
      await engine.setPin(profile.id, null);
      await readProfiles();
      toast(t("pin.removed"));
    } catch (error) {
      setProblem(problemOf(error));
    }
  };

  return (
    <Card title={t("pin.title")}>
      <p>{t(profile.hasPin ? "pin.is_set" : "pin.offer")}</p>
      {problem && <ProblemNotice problem={problem} />}
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
      {open === "set" && (
        <PinSheet
          profile={profile.id}
          onClose={() => setOpen(null)}
          onDone={() => {
            setOpen(null);
            toast(t("pin.set"));
          }}
        />
      )}
      {open === "remove" && (
        <Confirm
          title={t("pin.remove.ask")}
          deed={t("pin.remove")}
          danger
          onClose={() => setOpen(null)}
          onDeed={() => void remove()}
        >
          <p>{t("pin.remove.why")}</p>
        </Confirm>
      )}
    </Card>
  );
}
