/**
 * The first sync, a step of its own: how far it is, and when it is safe to go offline.
 *
 * "Ready to go offline" is said only when every feed has come whole. A cut or a reload
 * loses nothing: what came is kept and it goes on from there, which is said. Meanwhile
 * the worker can ask the browser to keep the storage and set a PIN.
 */

import { useEffect, useRef, useState } from "preact/hooks";

import type { Profile, Replica, Status } from "../../engine";
import { Bar, Button, Card, Icon, Notice, Progress } from "../components";
import { t } from "../i18n";
import { bytes } from "../i18n/moments";
import { useSession } from "../session";
import { appKept } from "../update";
import { remainingMs, remainingWords, type Run, share, welcomed } from "./firstSync";
import { PinSheet } from "./PinSheet";
import { ProblemNotice } from "./ProblemNotice";
import { StorageKept } from "./StorageKept";

export function FirstSync() {
  const { replica } = useSession();
  const status = replica.status.value;
  const { ready, received } = status.firstSync;
  return (
    <div class="screen">
      <Bar title={t(ready ? "first.title.ready" : "first.title")} second={replica.profile.name} />
      {ready ? <Ready status={status} /> : <Coming replica={replica} status={status} />}
      <Card title={t("first.meanwhile")}>
        <StorageKept replica={replica} />
        <PinOffer profile={replica.profile} />
      </Card>
      <Button
        kind={ready ? "primary" : undefined}
        wide
        disabled={!ready && received === 0}
        onPress={() => welcomed(replica.profile.id)}
      >
        {t(ready ? "first.begin" : "first.begin_early")}
      </Button>
      {!ready && <p class="hint">{t("first.early.hint")}</p>}
    </div>
  );
}

function Coming({ replica, status }: { replica: Replica; status: Status }) {
  const progress = status.firstSync;
  const isRunning = status.what === "sending";
  const run = useRun(isRunning, progress.received);
  const { problem } = status.next;
  return (
    <Card>
      <p class="figure">
        {progress.expected === null
          ? t("first.received", { n: progress.received })
          : t("first.received_of", { n: progress.received, of: progress.expected })}
      </p>
      <Progress share={share(progress)} label={t("first.title")} />
      <p role="status" class="hint">
        {isRunning
          ? remainingWords(remainingMs(progress, run, Date.now()))
          : t(progress.received > 0 ? "first.cut" : "first.waiting")}
      </p>
      {!isRunning && problem && (
        <ProblemNotice
          problem={problem}
          calm={status.next.step === "wait"}
          actions={
            <Button icon="refresh" onPress={() => void replica.sync("button")}>
              {t("first.go_on")}
            </Button>
          }
        />
      )}
    </Card>
  );
}

/**
 * Where the present run began: with its first page, since connecting takes as long as it takes.
 * Draws anew each second while it lasts, for the estimate.
 */
function useRun(isRunning: boolean, received: number): Run | null {
  const began = useRef(received);
  const run = useRef<Run | null>(null);
  const [, tick] = useState(0);
  useEffect(() => {
    [began.current, run.current] = [received, null];
    if (!isRunning) return undefined;
    const timer = setInterval(() => tick((n) => n + 1), 1_000);
    return () => clearInterval(timer);
  }, [isRunning]);
  if (run.current === null && received > began.current) {
    run.current = { sinceMs: Date.now(), received };
  }
  return run.current;
}

function Ready({ status }: { status: Status }) {
  const { usedBytes } = status.storage;
  const isKept = appKept.value === "kept";
  return (
    <Notice tone={isKept ? "good" : appKept.value === "coming" ? "info" : "warn"} live>
      <strong class="with-icon">
        <Icon name={isKept ? "check" : "info"} />
        {t(isKept ? "first.ready" : "first.records_ready")}
      </strong>
      {!isKept && <p>{t(appKept.value === "coming" ? "first.app_coming" : "first.app_refused")}</p>}
      <p>
        {t("first.ready.count", { n: status.firstSync.received })}
        {usedBytes !== null && ` ${t("first.ready.size", { size: bytes(usedBytes) })}`}
      </p>
    </Notice>
  );
}

function PinOffer({ profile }: { profile: Profile }) {
  const [open, setOpen] = useState(false);
  const [done, setDone] = useState(false);
  if (done) return <p class="with-icon">{t("pin.set")}</p>;
  return (
    <div class="stack close">
      <p>{t("pin.offer")}</p>
      <div class="buttons">
        <Button icon="lock" onPress={() => setOpen(true)}>
          {t("pin.choose")}
        </Button>
      </div>
      {open && (
        <PinSheet
          profile={profile}
          onClose={() => setOpen(false)}
          onDone={() => {
            setDone(true);
            setOpen(false);
          }}
        />
      )}
    </div>
  );
}
