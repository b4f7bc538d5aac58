/** Where things lead: the address of a record's screen, and of the form that a draft belongs to. */

import type { FormDraft } from "../../engine";

const SCREENS: Readonly<Record<string, string>> = {
  household: "household",
  resident: "resident",
  work_order: "order",
};

/** The screen of a record of any type. */
export const recordPath = (type: string, id: string): string =>
  `/${SCREENS[type] ?? "record"}/${id}`;

export const recordLink = (type: string, id: string): string => `#${recordPath(type, id)}`;

/** What a form is for; with the record it is about, it names the form and its draft. */
export type Purpose = "visit" | "appeal" | "edit" | "new" | "step";

export const draftKey = (purpose: Purpose, about: string): string => `${purpose}:${about}`;

/** The screen on which a draft can be gone on with. */
export function draftPath({ key, purpose, type, record }: FormDraft): string {
  const about = key.slice(purpose.length + 1);
  switch (purpose) {
    case "visit":
      return `/household/${about}/visit`;
    case "appeal":
      return about === "grid" ? "/appeal" : `/household/${about}/appeal`;
    case "new":
      return `/new/${type ?? "household"}${about === "grid" ? "" : `?in=${about}`}`;
    case "step":
      return `/order/${record ?? about}`;
    default:
      return type && record ? `/edit/${type}/${record}` : "/today";
  }
}
