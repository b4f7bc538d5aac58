/**
 * Layouts: which fields of a type stand together, in the order in which people say them.
 *
 * The catalogue orders fields for the wire. The types that a grid worker meets every
 * day are ordered by hand here; whatever is not named, in these types or in others,
 * stands under the last heading in the catalogue's order. So nothing can be missing.
 */

import type { Field, RecordType } from "../../engine/catalogue";
import type { Key } from "../i18n";

export interface Part {
  heading: Key;
  fields: readonly Field[];
}

/** Heading → fields. `hidden` are told elsewhere on the screen, or only by the address. */
const BY_HAND: Readonly<Record<string, readonly (readonly [Key, readonly string[]])[]>> = {
  household: [
    ["part.who", ["householder", "phone", "care_level", "tags", "housing"]],
    ["part.notes", ["notes"]],
    ["part.address", ["compound", "building", "entrance", "floor", "room", "grid", "origin"]],
  ],
  resident: [
    ["part.who", ["name", "phone", "kinship", "sex", "birth", "ethnic"]],
    ["part.life", ["residing", "registered", "occupation", "tags"]],
    ["part.notes", ["notes"]],
    ["part.address", ["household", "grid"]],
  ],
  work_order: [
    ["part.matter", ["kind", "title", "description", "place", "point", "contact", "photo"]],
    ["part.handling", ["result", "result_photo", "solved", "satisfied"]],
    ["part.desk", ["lead_unit", "accepted_by", "due_at", "class", "area"]],
  ],
  home_visit: [
    ["part.matter", ["household", "at", "worker", "purpose", "present", "notes", "photo"]],
  ],
};

/** The fields of a type under their headings; those that `wanted` lets through. */
export function partsOf(spec: RecordType, wanted: (field: Field) => boolean): Part[] {
  const parts = BY_HAND[spec.name] ?? [];
  const named = new Set(parts.flatMap(([, names]) => names));
  const rest = spec.fields.filter((field) => !named.has(field.name));
  const made = parts.map(([heading, names]): Part => {
    const fields = names.flatMap((name) => spec.byName.get(name) ?? []);
    return { heading, fields: fields.filter(wanted) };
  });
  const heading: Key = parts.length > 0 ? "part.more" : "part.all";
  return [...made, { heading, fields: rest.filter(wanted) }].filter(
    (part) => part.fields.length > 0,
  );
}
