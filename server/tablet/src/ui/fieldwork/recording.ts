/**
 * Recording: what a visit and an appeal become when they are saved.
 *
 * Invariants
 *   - A visit is one group: the visit, and its trace in the household's file. The server's own
 *     rules (`server/reactions.py`) do not touch the count, so it is counted here, once.
 *   - Nothing is written that was not said or is not known for certain.
 */

import type { Draft, Fields, Json, Replica, View } from "../../engine";
import type { Raw } from "./forms";

export const textsOf = (value: Json | undefined): string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : [];

/** The visit, and its trace in the household's file. */
export function visitDrafts(
  household: View,
  replica: Pick<Replica, "newId" | "profile" | "status">,
  raw: Raw,
  at: number = Date.now(),
): Draft[] {
  const others = String(raw["others"] ?? "").trim();
  const present = [...textsOf(raw["present"]), ...(others ? [others] : [])].join("、");
  const notes = String(raw["notes"] ?? "").trim();
  const purpose = raw["purpose"] || null;
  const photo = raw["photo"] || null;
  // The visit's own time is corrected by the server; a bound that "highest wins" is not, and a
  // clock that runs a year ahead would keep the household out of every list for a year.
  const corrected = at + (replica.status.value.offsetMs ?? 0);
  const isFirst = household.get("first_contact") === null && !household.get("visits");
  const contact: { [name: string]: Json } = isFirst ? { first_contact: corrected } : {};
  return [
    {
      kind: "create",
      type: "home_visit",
      record: replica.newId(),
      fields: {
        grid: household.get("grid"),
        household: household.id,
        worker: replica.profile.user,
        at,
        ...(purpose ? { purpose } : {}),
        ...(present ? { present } : {}),
        ...(notes ? { notes } : {}),
        ...(photo ? { photo } : {}),
      },
    },
    {
      kind: "edit",
      type: "household",
      record: household.id,
      fields: { visits: { add: 1 }, last_visit: corrected, ...contact },
    },
  ];
}

/** What the order says when it is reported. */
export function appealFields(
  raw: Raw,
  household: View | null,
  grid: string,
  replica: Pick<Replica, "profile">,
  at: number = Date.now(),
): Fields {
  const given = ["kind", "title", "description", "place", "contact", "point", "photo"].map((name) => {
    const value = raw[name] ?? null;
    return [name, typeof value === "string" ? value.trim() || null : value] as const;
  });
  const fields = Object.fromEntries(given.filter(([, value]) => value !== null));
  return {
    grid,
    ...(household ? { household: household.id } : {}),
    source: "grid_worker",
    reported_by: replica.profile.user,
    reported_at: at,
    ...fields,
  };
}
