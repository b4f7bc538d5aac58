/**
 * The app: the frame around every screen, and which screen belongs to the present phase.
 *
 * What may be shown depends on more than the address: whether somebody is enrolled,
 * whether the screen is locked, whether the first sync is through, whether the lease
 * is over. `Gate` is that decision, read from top to bottom; behind it are the routes.
 */

import type { ComponentChildren, VNode } from "preact";
import { Component } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { Bar, Button, Empty, ErrorState, Loading, Toasts } from "./components";
import { language, t } from "./i18n";
import { Nav } from "./frame/Nav";
import { StatusBar } from "./frame/StatusBar";
import { useIdleLock } from "./frame/idle";
import { UpdateNotice } from "./frame/UpdateNotice";
import { HOME, place, replace } from "./router";
import { match, type Route } from "./routes";
import { Choose } from "./screens/Choose";
import { Enrol } from "./screens/Enrol";
import { Failed, Incapable } from "./screens/Failed";
import { FirstSync } from "./screens/FirstSync";
import { LeaseOver } from "./screens/LeaseOver";
import { Lock } from "./screens/Lock";
import { Wiped } from "./screens/Wiped";
import { phase, replica } from "./session";
import { isFirst } from "./screens/firstSync";

export function App() {
  const gate = gateOf();
  useIdleLock();
  useFocusOnTitle();
  return (
    <div class={gate.bare ? "app bare" : "app"} key={language.value}>
      <a class="skip" href="#content" onClick={toContent}>
        {t("action.skip")}
      </a>
      {gate.status && <StatusBar />}
      <main id="content" tabIndex={-1} class={gate.wide ? "wide" : ""}>
        <UpdateNotice />
        <Fence key={place.value.path}>{gate.screen}</Fence>
      </main>
      {!gate.bare && <Nav />}
      <Toasts />
    </div>
  );
}

interface Gate {
  screen: VNode;
  /** No tabs: nothing else may be opened. */
  bare?: boolean;
  /** The status is in sight: there is a replica. */
  status?: boolean;
  wide?: boolean;
}

/** The screen of this phase and this address. */
function gateOf(): Gate {
  const now = phase.value;
  const found = match(place.value.path);
  if (found?.route.always) {
    const open = now.name === "open";
    return { ...screenOf(found.route, found.params), bare: !open, status: open };
  }
  switch (now.name) {
    case "starting":
      return { screen: <Loading />, bare: true };
    case "incapable":
      return { screen: <Incapable capabilities={now.capabilities} />, bare: true };
    case "failed":
      return { screen: <Failed problem={now.problem} />, bare: true };
    case "enrol":
      return { screen: <Enrol />, bare: true };
    case "choose":
      return { screen: <Choose />, bare: true };
    case "locked":
      if (replica.value?.status.value.next.step === "wiped") return { screen: <Wiped />, bare: true };
      return { screen: <Lock profile={now.profile} />, bare: true, status: replica.value !== null };
    case "open":
      return openGate(found);
  }
}

/** What an open profile may see: everything, or only what is left to it. */
function openGate(found: ReturnType<typeof match>): Gate {
  const open = replica.value;
  if (!open) return { screen: <Loading />, bare: true };
  const status = open.status.value;
  if (status.next.step === "wiped") return { screen: <Wiped />, bare: true };
  if (place.value.path === "/enrol") return { screen: <Enrol />, bare: true };
  if (status.lease.expired && !found?.route.hands) {
    return { screen: <LeaseOver />, bare: true, status: true };
  }
  if (isFirst(open.profile.id, status.firstSync) && !found?.route.hands) {
    return { screen: <FirstSync />, bare: true, status: true };
  }
  if (!found) return { screen: <NoScreen />, status: true };
  return { ...screenOf(found.route, found.params), status: true };
}

function screenOf(route: Route, params: Record<string, string>): Gate {
  const Screen = route.screen;
  const screen = <Screen params={params} query={place.value.query} />;
  return { screen, wide: route.wide ?? false };
}

function NoScreen() {
  return (
    <div class="screen">
      <Bar title={t("screen.none")} up={HOME} />
      <Empty title={t("screen.none")} icon="search">
        <Button onPress={() => replace(HOME)}>{t("screen.none.home")}</Button>
      </Empty>
    </div>
  );
}

function toContent(event: Event): void {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

/** After a change of screen a screen reader begins at its title, as after loading a page. */
function useFocusOnTitle(): void {
  const first = useRef(true);
  const { path } = place.value;
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    const { activeElement } = document;
    if (activeElement && activeElement !== document.body) return;
    document.querySelector<HTMLElement>("main h1")?.focus({ preventScroll: true });
  }, [path]);
}

/** A screen that fails takes nothing else down: the frame, the status and the tabs stay. */
class Fence extends Component<{ children: ComponentChildren }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static override getDerivedStateFromError(error: Error) {
    return { error };
  }

  override componentDidCatch(error: Error) {
    console.error(error);
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <ErrorState title={t("screen.failed")}>
        <p>{t("screen.failed.do")}</p>
        <div class="buttons">
          <Button kind="primary" onPress={() => this.setState({ error: null })}>
            {t("action.retry")}
          </Button>
          <Button href={`#${HOME}`}>{t("screen.none.home")}</Button>
        </div>
        <details>
          <summary>{t("problem.details")}</summary>
          <p class="code">
            {error.name}: {error.message}
          </p>
        </details>
      </ErrorState>
    );
  }
}
