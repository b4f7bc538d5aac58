/**
 * Titles: what people call the things that ids name.
 *
 * The console says the same (`server/console/titles.py`), so that a worker and the
 * office speak of one door by one name. A missing part is named, never left out in
 * silence. A restricted record has no title, so that no list names it by accident.
 *
 * Read inside a component, a title draws it anew when what it is made of changes.
 */

import type { View } from "../../engine";
import type { Model } from "../../model";
import { t } from "../i18n";
import { moment } from "../i18n/moments";
import type { Door } from "./search";

/** A building as people say it: 文昌国际 3幢. */
export function buildingTitle(compound: string, number: string): string {
  if (!compound && !number) return t("title.no_building");
  const named = compound || t("title.no_compound");
  return number ? `${named} ${counted("title.building", number)}` : named;
}

/** A building within its compound: 3幢, or Building 3 where only the number is written. */
export const numberTitle = (number: string): string =>
  number ? counted("title.building", number) : t("title.no_number");

/** An entrance of a building. A house without entrances has one without a name. */
export const entranceTitle = (entrance: string): string =>
  entrance ? counted("title.entrance", entrance) : t("matrix.entrance");

/** A bare number gets its word (3 → 3栋); a number that brings its own keeps it. */
function counted(key: "title.building" | "title.entrance" | "title.room", part: string): string {
  return /^\d+$/.test(part) ? t(key, { number: part }) : part;
}

/** The parts of a household's door as they are recorded. */
export function doorOf(household: View, model: Model): Door {
  const building = buildingOf(household, model);
  return {
    compound: household.text("compound") || (building?.text("compound") ?? ""),
    building: building?.text("number") ?? "",
    entrance: household.text("entrance"),
    room: household.text("room"),
  };
}

function buildingOf(household: View, model: Model): View | null {
  const id = household.text("building");
  return id ? model.record(id).value : null;
}

/** The whole address: 文昌国际 3幢 1单元 101. */
export function addressOf(household: View, model: Model): string {
  return doorInWords(doorOf(household, model));
}

/** A door in the words of its address. */
export function doorInWords({ compound, building, entrance, room }: Door): string {
  const parts = [buildingTitle(compound, building)];
  if (entrance) parts.push(counted("title.entrance", entrance));
  parts.push(room ? counted("title.room", room) : t("title.no_room"));
  return parts.join(" ");
}

/** The door inside its building: 1单元 101. */
export function doorTitle(household: View): string {
  const entrance = household.text("entrance");
  const room = household.text("room");
  const parts = [entrance && counted("title.entrance", entrance), room || t("title.no_room")];
  return parts.filter(Boolean).join(" ");
}

export const householder = (household: View): string =>
  household.text("householder") || t("title.no_householder");

type Title = (view: View, model: Model) => string;
const named: Title = (view) => view.text("name");

const TITLES: Readonly<Record<string, Title>> = {
  street: named,
  community: named,
  grid: named,
  unit: named,
  user: named,
  resident: named,
  building: (view) => buildingTitle(view.text("compound"), view.text("number")),
  household: (view, model) => `${householder(view)} · ${addressOf(view, model)}`,
  work_order: (view) => view.text("title"),
  home_visit: (view, model) => {
    const household = model.record(view.text("household")).value;
    const at = view.get("at");
    const time = typeof at === "number" ? moment(at) : "";
    return t("title.visit", { who: household ? householder(household) : t("title.gone"), time });
  },
  notice: (view) => view.text("text"),
};

/** What people call a record; empty where nothing is known or may be said. */
export function titleOf(view: View | null, model: Model): string {
  return view ? (TITLES[view.type]?.(view, model) ?? "") : "";
}

/** What people call the record of an id, or that it is not on this tablet. */
export const titleOfId = (id: string, model: Model): string =>
  titleOf(model.record(id).value, model) || t("title.gone");
