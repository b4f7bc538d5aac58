/**
 * Sheets: a question or a short form over the screen, which stays where it was.
 *
 * It rises from the lower edge on a phone, where thumbs are, and stands in the
 * middle elsewhere. A native `dialog` keeps the focus inside and makes the rest
 * inert. Back closes it, as people expect of an app, for a sheet is a step in the
 * history (see `router.overlay`).
 */

import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

import { t } from "../i18n";
import { overlay } from "../router";
import { Button, IconButton } from "./Button";

export interface SheetProps {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  /** Buttons at its foot, in sight however long it is. */
  actions?: ComponentChildren;
  /** As wide as the screen: for pictures. */
  wide?: boolean | undefined;
}

export function Sheet(props: SheetProps) {
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  const close = useRef(props.onClose);
  close.current = props.onClose;

  useEffect(() => {
    dialog.current?.showModal();
    return overlay(() => close.current());
  }, []);

  return (
    <dialog
      ref={dialog}
      class={props.wide ? "sheet wide" : "sheet"}
      aria-labelledby={id}
      onCancel={(event) => {
        // Whoever puts away the list of files inside a sheet has not put away the sheet.
        if (event.target !== dialog.current) return;
        event.preventDefault();
        props.onClose();
      }}
      onClick={(event) => {
        if (event.target === dialog.current) props.onClose();
      }}
    >
      <div class="frame">
        <header>
          <h2 id={id}>{props.title}</h2>
          <IconButton icon="close" label={t("action.close")} onPress={props.onClose} />
        </header>
        <div class="body">{props.children}</div>
        {props.actions && <footer>{props.actions}</footer>}
      </div>
    </dialog>
  );
}

/** A question with two answers; the words of the deed are on its button, never "OK". */
export function Confirm(props: {
  title: string;
  children?: ComponentChildren;
  deed: string;
  danger?: boolean | undefined;
  busy?: boolean | undefined;
  onDeed: () => void;
  onClose: () => void;
}) {
  return (
    <Sheet
      title={props.title}
      onClose={props.onClose}
      actions={
        <>
          <Button onPress={props.onClose}>{t("action.cancel")}</Button>
          <Button
            kind={props.danger ? "danger" : "primary"}
            busy={props.busy}
            onPress={props.onDeed}
          >
            {props.deed}
          </Button>
        </>
      }
    >
      {props.children}
    </Sheet>
  );
}
