/** A record of any type that has no screen of its own: all its fields, from the catalogue. */

import { useEffect } from "preact/hooks";

import { may } from "../../engine/catalogue";
import { Bar, Button, Notice } from "../components";
import { said, t } from "../i18n";
import { place, replace } from "../router";
import { useSession } from "../session";
import type { ScreenProps } from "../routes";
import { Deleting } from "./Deleting";
import { FieldCards } from "./FieldRows";
import { ConflictNotice } from "./Household";
import { Log } from "./Log";
import { NotHere, RecordBadge } from "./parts";
import { titleOf } from "./titles";

export function Record({ params }: ScreenProps) {
  const { model, replica } = useSession();
  const view = model.record(params["id"] ?? "").value;
  // Restricted facts are shown on the file of whom they are about, where they are covered.
  const owner = view?.spec.restricted ? view.text("resident") : "";
  useEffect(() => {
    const field = place.peek().query.get("field");
    if (owner) replace(`/resident/${owner}${field ? `?facts=${field}` : ""}`);
  }, [owner]);
  if (!view || view.spec.restricted) return <NotHere />;
  const title = titleOf(view, model);
  const mayEdit = !view.deleted && may(view.spec, "edit", replica.role.value);
  return (
    <div class="screen file" data-record={view.id}>
      <Bar
        title={title || said(view.spec.label)}
        second={said(view.spec.label)}
        up="/"
        actions={<RecordBadge view={view} />}
      />
      {view.deleted && <Notice tone="warn">{t("record.deleted")}</Notice>}
      <ConflictNotice view={view} />
      <FieldCards view={view} />
      <Log view={view} />
      {mayEdit && (
        <div class="buttons">
          <Button icon="edit" href={`#/edit/${view.type}/${view.id}`}>
            {t("action.edit_all")}
          </Button>
        </div>
      )}
      <Deleting view={view} />
    </div>
  );
}
