/**
 * The lock: the PIN of one worker, on keys as large as a thumb.
 *
 * The PIN locks the screen; it is no encryption, and the help says so. After some wrong
 * tries each must wait longer, which the engine keeps over a restart. Work that waits
 * is handed in behind the lock, and the status says so above it.
 */

import { useEffect, useRef, useState } from "preact/hooks";

import { engine, type Profile } from "../../engine";
import { Bar, Button, Card, Confirm, dropToasts, Icon, Notice } from "../components";
import { LanguageSwitch } from "../frame/LanguageSwitch";
import { t } from "../i18n";
import { problemOf, sentence } from "../problems";
import { go } from "../router";
import { choose, open } from "../session";

const DIGITS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "", "0"] as const;
const LENGTH_MAX = 12;

export function Lock({ profile }: { profile: Profile }) {
  const [pin, setPin] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [forgot, setForgot] = useState(false);
  const { left, waitFor } = useWait();
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    dropToasts();
    input.current?.focus();
  }, []);

  const submit = async (): Promise<void> => {
    if (busy || left > 0 || pin === "") return;
    setBusy(true);
    try {
      const answer = await engine.checkPin(profile.id, pin);
      if (answer.ok) {
        await open(profile.id);
        return;
      }
      setWrong(t("lock.wrong"));
      setPin("");
      waitFor(answer.waitMs);
    } catch (error) {
      setWrong(sentence(problemOf(error)));
    } finally {
      setBusy(false);
      input.current?.focus();
    }
  };

  const press = (digit: string): void => {
    setWrong(null);
    setPin((before) => (before + digit).slice(0, LENGTH_MAX));
  };

  return (
    <div class="screen lock">
      <Bar title={t("lock.title")} second={profile.name} actions={<LanguageSwitch />} />
      <Card>
        <form
          class="stack"
          onSubmit={(event) => {
            event.preventDefault();
            void submit();
          }}
        >
          <label class="unseen" for="pin">
            {t("lock.pin")}
          </label>
          <input
            id="pin"
            ref={input}
            class="input code pin"
            type="password"
            inputMode="none"
            autocomplete="off"
            value={pin}
            aria-describedby="pin-said"
            onInput={(event) => {
              setWrong(null);
              setPin(event.currentTarget.value.replace(/\D/g, "").slice(0, LENGTH_MAX));
            }}
          />
          <p id="pin-said" class="said wrong" role="alert">
            {left > 0 ? t("lock.wait", { n: Math.ceil(left / 1_000) }) : wrong}
          </p>
          <div class="keypad">
            {DIGITS.map((digit) =>
              digit === "" ? (
                <button
                  key="erase"
                  type="button"
                  class="button plain"
                  aria-label={t("lock.erase")}
                  onClick={() => setPin((before) => before.slice(0, -1))}
                >
                  <Icon name="erase" />
                </button>
              ) : (
                <button key={digit} type="button" class="button" onClick={() => press(digit)}>
                  {digit}
                </button>
              ),
            )}
            <Button kind="primary" type="submit" busy={busy} disabled={left > 0} label={t("lock.open")}>
              <Icon name="check" />
            </Button>
          </div>
        </form>
      </Card>
      {profile.waiting > 0 && <Notice>{t("profile.waiting", { n: profile.waiting })}</Notice>}
      <div class="buttons even">
        <Button icon="people" onPress={() => void choose()}>
          {t("lock.other")}
        </Button>
        <Button kind="plain" onPress={() => setForgot(true)}>
          {t("lock.forgot")}
        </Button>
      </div>
      {forgot && (
        <Confirm
          title={t("lock.forgot")}
          deed={t("lock.forgot.go")}
          onClose={() => setForgot(false)}
          onDeed={() => {
            setForgot(false);
            go(`/enrol?profile=${encodeURIComponent(profile.id)}`);
          }}
        >
          <p>{t("lock.forgot.why")}</p>
          <p>{t("lock.forgot.work")}</p>
        </Confirm>
      )}
    </div>
  );
}

/** How long no try is taken, counted down where the person sees it. */
function useWait(): { left: number; waitFor: (ms: number) => void } {
  const [until, setUntil] = useState(0);
  const [left, setLeft] = useState(0);
  useEffect(() => {
    if (until === 0) return undefined;
    const look = () => setLeft(Math.max(0, until - performance.now()));
    look();
    const timer = setInterval(look, 500);
    return () => clearInterval(timer);
  }, [until]);
  return { left, waitFor: (ms) => setUntil(ms > 0 ? performance.now() + ms : 0) };
}
