/** Screens that come as files of their own, loaded when they are first opened. */

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

import { Button, ErrorState, Loading } from "./components";
import { t } from "./i18n";
import type { ScreenProps } from "./routes";

type Loader = () => Promise<ComponentType<ScreenProps>>;

/** A screen for the table of routes: `lazy(async () => (await import("./Help")).Help)`. */
export function lazy(load: Loader): ComponentType<ScreenProps> {
  let loaded: ComponentType<ScreenProps> | null = null;
  return function Lazy(props: ScreenProps) {
    const [Screen, setScreen] = useState<ComponentType<ScreenProps> | null>(() => loaded);
    const [failed, setFailed] = useState(false);
    const attempt = () => {
      setFailed(false);
      load().then(
        (screen) => {
          loaded = screen;
          setScreen(() => screen);
        },
        () => setFailed(true),
      );
    };
    useEffect(() => {
      if (!loaded) attempt();
    }, []);
    if (Screen) return <Screen {...props} />;
    if (!failed) return <Loading />;
    return (
      <ErrorState title={t("screen.not_loaded")}>
        <p>{t("screen.not_loaded.do")}</p>
        <Button onPress={attempt}>{t("action.retry")}</Button>
      </ErrorState>
    );
  };
}
