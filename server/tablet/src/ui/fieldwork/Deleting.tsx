/** Deleting a record where the role may: asked once, told, and taken back by one tap. */

import { useState } from "preact/hooks";

import type { Problem, View } from "../../engine";
import { may } from "../../engine/catalogue";
import { Button, Confirm } from "../components";
import { said, t } from "../i18n";
import { problemOf } from "../problems";
import { back } from "../router";
import { useSession } from "../session";
import { SavingProblem } from "./parts";
import { tellDone } from "./takeBack";
import { titleOf } from "./titles";

export function Deleting({ view }: { view: View }) {
  const { replica, model } = useSession();
  const [asking, setAsking] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  if (view.deleted || !may(view.spec, "delete", replica.role.value)) return null;
  const what = said(view.spec.label);
  const title = titleOf(view, model);
  const remove = async () => {
    try {
      const stamp = await replica.remove(view.id);
      setAsking(false);
      tellDone(replica, t("done.deleted", { what: title || what }), [stamp]);
      back("/");
    } catch (error) {
      setProblem(problemOf(error));
    }
  };
  return (
    <div class="buttons">
      <Button kind="plain" icon="trash" onPress={() => setAsking(true)}>
        {t("delete.ask", { what })}
      </Button>
      {asking && (
        <Confirm
          title={t("delete.title", { what: title || what })}
          deed={t("delete.deed")}
          danger
          onDeed={() => void remove()}
          onClose={() => setAsking(false)}
        >
          <p>{t(view.type === "household" ? "delete.household" : "delete.what")}</p>
          <SavingProblem problem={problem} />
        </Confirm>
      )}
    </div>
  );
}
