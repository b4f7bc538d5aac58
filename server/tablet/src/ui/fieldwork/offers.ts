/**
 * Offers: what this tablet knows already, for the input that asks for it again.
 *
 * Rules for government apps forbid asking for one fact twice. A telephone number that
 * was given by a resident is offered for their household and the other way round; the
 * name of a resident for the householder; an order's place from the household's door.
 * An offer is one tap, and never filled in unasked where it could be wrong.
 */

import type { View } from "../../engine";
import type { Model } from "../../model";
import { said } from "../i18n";
import type { Offer } from "./FieldInput";
import { householder } from "./titles";

/** Values known for a field of a household, from the people in it. */
function ofHousehold(field: string, household: View, model: Model): Offer[] {
  const residents = model.residentsOf(household.id).value;
  if (field === "householder")
    return residents.map((one) => ({ value: one.text("name"), from: kinship(one) }));
  if (field === "phone") return phonesOf(residents);
  return [];
}

/** Values known for a field of a resident, from their household and who lives with them. */
function ofResident(field: string, household: View | null, self: string, model: Model): Offer[] {
  if (field !== "phone" || !household) return [];
  const others = model.residentsOf(household.id).value.filter((one) => one.id !== self);
  return [{ value: household.text("phone"), from: householder(household) }, ...phonesOf(others)];
}

const phonesOf = (residents: readonly View[]): Offer[] =>
  residents.map((one) => ({ value: one.text("phone"), from: one.text("name") }));

const kinship = (resident: View): string => {
  const choices = resident.spec.byName.get("kinship")?.choices ?? [];
  const found = choices.find((one) => one.value === resident.get("kinship"));
  return found ? said(found.label) : "";
};

/** What is offered for a field of a record (or of a new one, in a household). */
export function offersFor(
  type: string,
  field: string,
  of: View | null,
  household: View | null,
  model: Model,
): Offer[] {
  const offers =
    type === "household" && of
      ? ofHousehold(field, of, model)
      : type === "resident"
        ? ofResident(field, household, of?.id ?? "", model)
        : type === "work_order" && field === "contact" && household
          ? [
              { value: household.text("phone"), from: householder(household) },
              ...phonesOf(model.residentsOf(household.id).value),
            ]
          : [];
  const seen = new Set<string>();
  return offers.filter(({ value }) => value !== "" && !seen.has(value) && seen.add(value));
}
