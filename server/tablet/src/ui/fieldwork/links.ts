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

/** What a new record is made in, and the door that is known of it: part of its draft's name. */
export interface Whereabouts {
  type: string;
  /** The household or building around it; "grid" where there is none. */
  around: string;
  entrance: string;
  floor: string;
  room: string;
}

const PARTS = ["type", "around", "entrance", "floor", "room"] as const;

/** Names the draft of a new record, so that two of them do not meet in one. */
export const newKey = (where: Whereabouts): string =>
  draftKey("new", PARTS.map((part) => encodeURIComponent(where[part])).join(":"));

/** The form of a new record. */
export function newPath(where: Partial<Whereabouts> & { type: string }): string {
  const query = new URLSearchParams();
  if (where.around && where.around !== "grid") query.set("in", where.around);
  for (const part of ["entrance", "floor", "room"] as const) {
    if (where[part]) query.set(part, where[part]);
  }
  const asked = String(query);
  return asked ? `/new/${where.type}?${asked}` : `/new/${where.type}`;
}

/** The screen on which a draft can be gone on with; what it is about stands open there. */
export function draftPath({ key, purpose, type, record }: FormDraft): string {
  const parts = key
    .slice(purpose.length + 1)
    .split(":")
    .map(decodeURIComponent);
  const [about = "", part = ""] = parts;
  switch (purpose) {
    case "visit":
      return `/household/${about}/visit`;
    case "appeal":
      return about === "grid" ? "/appeal" : `/household/${about}/appeal`;
    case "new":
      return newPath(
        Object.fromEntries(
          PARTS.map((name, at) => [name, parts[at] ?? ""]),
        ) as unknown as Whereabouts,
      );
    case "step":
      return `/order/${about}?step=${part}`;
    default:
      if (!type || !record) return "/today";
      return part ? `${recordPath(type, record)}?field=${part}` : `/edit/${type}/${record}`;
  }
}
