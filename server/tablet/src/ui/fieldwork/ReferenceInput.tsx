/**
 * A reference as an input: a record is chosen by what people call it.
 *
 * Few records are a list to choose from; many (a grid's households) open a sheet with
 * a field to type into, and only as many rows as somebody can look through.
 */

import type { TargetedKeyboardEvent } from "preact";
import { useMemo, useState } from "preact/hooks";

import type { Json, View } from "../../engine";
import { Button, Field, List, ListRow, Sheet, TextField } from "../components";
import { t } from "../i18n";
import { useSession } from "../session";
import { covers } from "./pinyin";
import { plain, walkingKey } from "./search";
import { titleOf, titleOfId } from "./titles";

const SHOWN = 40;

export function ReferenceInput(props: {
  label: string;
  to: string;
  value: Json;
  onValue: (value: Json) => void;
  required: boolean;
  error?: string | null | undefined;
  hint?: string | undefined;
}) {
  const { model } = useSession();
  const [open, setOpen] = useState(false);
  const id = typeof props.value === "string" ? props.value : "";
  const choose = (value: string) => {
    props.onValue(value);
    setOpen(false);
  };
  return (
    <Field label={props.label} error={props.error} hint={props.hint} optional={!props.required}>
      {(ties) => (
        <>
          <button {...ties} type="button" class="input picks" onClick={() => setOpen(true)}>
            {id ? titleOfId(id, model) : <span class="quiet">{t("reference.choose")}</span>}
          </button>
          {open && (
            <Picker
              title={props.label}
              to={props.to}
              chosen={id}
              empty={!props.required && id !== ""}
              onChoose={choose}
              onClose={() => setOpen(false)}
            />
          )}
        </>
      )}
    </Field>
  );
}

/** The sheet in which a record is chosen. */
export function Picker(props: {
  title: string;
  to: string;
  chosen: string;
  empty: boolean;
  onChoose: (id: string) => void;
  onClose: () => void;
}) {
  const { model } = useSession();
  const [text, setText] = useState("");
  const views = model.type(props.to).value;
  const all = useMemo(() => titled(views, (view) => titleOf(view, model)), [views]);
  const found = useMemo(() => filtered(all, text), [all, text]);
  // Enter takes the first that was found, and never sends the form around this sheet.
  const take = (event: TargetedKeyboardEvent<HTMLElement>) => {
    if (event.key !== "Enter" || event.isComposing || !(event.target instanceof HTMLInputElement)) {
      return;
    }
    event.preventDefault();
    if (text.trim() && found[0]) props.onChoose(found[0].id);
  };
  return (
    <Sheet title={props.title} onClose={props.onClose}>
      <div onKeyDown={take}>
        <TextField
          label={t("reference.find")}
          type="search"
          value={text}
          onValue={setText}
          enterKeyHint="search"
        />
      </div>
      {props.empty && (
        <Button kind="plain" onPress={() => props.onChoose("")}>
          {t("reference.none")}
        </Button>
      )}
      <List label={props.title}>
        {found.slice(0, SHOWN).map(({ id, title }) => (
          <ListRow
            key={id}
            title={title}
            current={id === props.chosen}
            onPress={() => props.onChoose(id)}
          />
        ))}
      </List>
      {found.length === 0 && <p class="quiet">{t("search.nothing")}</p>}
      {found.length > SHOWN && <p class="quiet">{t("search.more", { n: found.length - SHOWN })}</p>}
    </Sheet>
  );
}

interface Titled {
  id: string;
  title: string;
  key: string;
}

function titled(views: readonly View[], title: (view: View) => string): Titled[] {
  const all = views.map((view) => ({ id: view.id, title: title(view) }));
  return all
    .map((one) => ({ ...one, key: walkingKey(one.title) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

function filtered(all: readonly Titled[], text: string): readonly Titled[] {
  const wanted = plain(text).trim();
  if (!wanted) return all;
  return all.filter(
    ({ title }) => plain(title).includes(wanted) || covers(wanted, [...plain(title)], 0) > 0,
  );
}
