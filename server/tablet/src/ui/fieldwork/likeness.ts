/**
 * Likeness: whether what somebody is about to register is here already.
 *
 * The same door or the same person registered twice is found out at the office, days
 * later, and somebody has to make one of two. On this tablet it can be seen at once. It
 * is said and never forbidden: two families do live behind one door, and two people of a
 * household do share a name.
 */

import type { View } from "../../engine";
import type { Model } from "../../model";
import type { Raw } from "./forms";

/** A record of this tablet that a new one looks like, or null. */
export function likeness(type: string, raw: Raw, model: Model): View | null {
  const text = (name: string): string => String(raw[name] ?? "").trim();
  if (type === "household" && text("building") && text("room")) {
    const neighbours = model.householdsOf(text("building")).value;
    const isSame = (name: string) => (one: View) => one.text(name).trim() === text(name);
    return neighbours.filter(isSame("room")).find(isSame("entrance")) ?? null;
  }
  if (type === "resident" && text("household") && text("name")) {
    const family = model.residentsOf(text("household")).value;
    return family.find((one) => one.text("name").trim() === text("name")) ?? null;
  }
  return null;
}
