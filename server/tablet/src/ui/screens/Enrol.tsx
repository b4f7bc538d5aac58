/**
 * Enrolment: a one-time code makes this tablet one worker's.
 *
 * The code comes from the square on the administrator's screen, from the link in it,
 * or is typed from a voice on the phone. The engine keeps what is asked before it is
 * sent, so that pressing the button again after a lost answer burns nothing.
 *
 * Three ways lead here: the first start, "add a worker", and enrolling a profile anew
 * (`?profile=`), which carries its unsent work along.
 */

import { useEffect, useState } from "preact/hooks";

import { engine } from "../../engine";
import { Bar, Button, Card, ListRow, List, Notice, TextField } from "../components";
import { LanguageSwitch } from "../frame/LanguageSwitch";
import { t } from "../i18n";
import { problemOf } from "../problems";
import { HOME, place, replace } from "../router";
import { phase, profiles, readProfiles, reopen, start } from "../session";
import { ProblemNotice } from "./ProblemNotice";
import { bare, grouped, isWhole } from "./enrolCode";
import { expectWelcome } from "./firstSync";
import { canScan, Scanner } from "./Scanner";
import type { Problem } from "../../engine";

export function Enrol() {
  const { query } = place.value;
  const again = profiles.value.find((one) => one.id === query.get("profile"));
  const [code, setCode] = useState(() => grouped(query.get("code") ?? ""));
  const [name, setName] = useState(() => (again?.name ? t("enrol.name.of", { name: again.name }) : ""));
  const [scanning, setScanning] = useState(false);
  const [busy, setBusy] = useState(false);
  const [short, setShort] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);

  useEffect(() => {
    // A code that was scanned outside the app leaves the address, and with it the history.
    const scanned = query.get("code");
    if (scanned === null) return;
    setCode(grouped(scanned));
    replace("/enrol");
  }, [query]);

  const enrol = async (): Promise<void> => {
    if (!isWhole(code)) {
      setShort(true);
      return;
    }
    setBusy(true);
    setProblem(null);
    try {
      const asked = { code: bare(code), name: name.trim() };
      const made = await engine.enrol(again ? { ...asked, profile: again.id } : asked);
      if (again) await engine.setPin(made.id, null);
      expectWelcome(made.id);
      await readProfiles();
      replace(HOME);
      await reopen(made.id);
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      setBusy(false);
    }
  };

  const leads = profiles.value.length > 0 ? HOME : undefined;
  return (
    <div class="screen">
      <Bar title={title(again !== undefined)} up={leads} actions={<LanguageSwitch />} />
      <p>{again ? t("enrol.again", { name: again.name }) : t("enrol.lead")}</p>
      {again && again.waiting > 0 && (
        <Notice>{t("enrol.again.waiting", { n: again.waiting })}</Notice>
      )}
      <Card>
        <form
          class="stack"
          onSubmit={(event) => {
            event.preventDefault();
            void enrol();
          }}
        >
          {canScan() && (
            <Button icon="camera" wide onPress={() => setScanning(true)}>
              {t("enrol.scan")}
            </Button>
          )}
          <TextField
            label={t("enrol.code")}
            hint={t("enrol.code.hint")}
            value={code}
            code
            placeholder="XXXX-XXXX-XXXX"
            autocomplete="one-time-code"
            enterKeyHint="next"
            error={short && !isWhole(code) ? t("enrol.code.short") : null}
            onValue={(typed) => setCode(grouped(typed))}
          />
          <TextField
            label={t("enrol.name")}
            hint={t("enrol.name.hint")}
            optional
            value={name}
            maxLength={60}
            enterKeyHint="done"
            onValue={setName}
          />
          {problem && <ProblemNotice problem={problem} />}
          <Button kind="primary" type="submit" wide busy={busy}>
            {t(busy ? "enrol.busy" : "enrol.go")}
          </Button>
        </form>
      </Card>
      {phase.value.name === "enrol" && profiles.value.length > 0 && (
        <Button onPress={() => void start()}>{t("action.cancel")}</Button>
      )}
      <List>
        <ListRow icon="help" title={t("enrol.no_code")} href="#/help/enrol" />
        <ListRow icon="device" title={t("capable.title")} href="#/capable" />
      </List>
      {scanning && (
        <Scanner
          onClose={() => setScanning(false)}
          onCode={(found) => {
            setCode(found);
            setScanning(false);
          }}
        />
      )}
    </div>
  );
}

function title(again: boolean): string {
  if (again) return t("enrol.title.again");
  return t(profiles.value.length > 0 ? "enrol.title.more" : "enrol.title");
}
