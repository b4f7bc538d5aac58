/**
 * The building matrix as a drawing that can be walked through: by finger, keys and ear.
 *
 * Each cell is one door. What is to be known of a household before ringing is told
 * three ways at once, so that nobody depends on colour: by a letter (how often it is
 * to be visited), by words (late by 5 days) and pattern, and by colour; the line at a cell's
 * foot is the longer, the more recent the last visit.
 *
 * Each entrance is a grid in the sense of ARIA: one stop of the Tab key, arrows inside.
 */

import type { TargetedKeyboardEvent } from "preact";
import { useState } from "preact/hooks";

import type { View } from "../../engine";
import { Icon } from "../components";
import { t } from "../i18n";
import { newPath, recordLink } from "./links";
import { type Cell, type Entrance, type Matrix, step } from "./matrix";
import { Pause } from "./parts";
import { entranceTitle } from "./titles";
import { useToday } from "./today";
import { ageStep, visitState, type VisitState } from "./visits";

interface MatrixProps {
  building: View;
  matrix: Matrix;
  households: ReadonlyMap<string, View>;
  mayCreate: boolean;
}

export function MatrixView(props: MatrixProps) {
  return (
    <div class="matrix">
      {props.matrix.entrances.map((entrance) => (
        <EntranceView key={entrance.name} entrance={entrance} {...props} />
      ))}
    </div>
  );
}

const KEYS = new Set(["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"]);

function EntranceView({ entrance, ...props }: MatrixProps & { entrance: Entrance }) {
  const [at, setAt] = useState<readonly [number, number]>(() => firstCell(entrance));
  const move = (event: TargetedKeyboardEvent<HTMLElement>) => {
    if (!KEYS.has(event.key)) return;
    event.preventDefault();
    const [row, column] = step(entrance, at, event.key as "ArrowUp");
    setAt([row, column]);
    event.currentTarget.querySelector<HTMLElement>(`[data-at="${row}-${column}"]`)?.focus();
  };
  const name = entranceTitle(entrance.name);
  return (
    <section class="entrance">
      <h2>{name}</h2>
      <div class="scroll">
        <table role="grid" aria-label={t("matrix.label", { entrance: name })} onKeyDown={move}>
          <tbody>
            {entrance.floors.map(({ floor, cells }, row) => (
              <tr key={floor}>
                <th scope="row" role="rowheader">
                  <span class="unseen">{t("matrix.floor", { n: floor })}</span>
                  <span aria-hidden="true">{floor}</span>
                </th>
                {cells.map((cell, column) => (
                  <td key={column} role="gridcell">
                    {cell && (
                      <CellView
                        {...props}
                        cell={cell}
                        entrance={entrance.name}
                        floor={floor}
                        place={`${row}-${column}`}
                        stop={at[0] === row && at[1] === column}
                        onFocus={() => setAt([row, column])}
                      />
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** The lowest door at the left: where one comes in. */
function firstCell({ floors }: Entrance): readonly [number, number] {
  const row = floors.length - 1;
  const column = floors[row]?.cells.findIndex((cell) => cell !== null) ?? 0;
  return [row, Math.max(0, column)];
}

interface CellProps extends Omit<MatrixProps, "matrix"> {
  cell: Cell;
  entrance: string;
  floor: number;
  place: string;
  stop: boolean;
  onFocus: () => void;
}

function CellView(props: CellProps) {
  const { cell, households } = props;
  const [first, ...others] = cell.households;
  const household = first === undefined ? undefined : households.get(first);
  if (!household) return <EmptyDoor {...props} />;
  return <Door {...props} household={household} more={others.length} />;
}

/** Nobody is registered behind this door: one can be, from here. */
function EmptyDoor({
  building,
  cell,
  entrance,
  floor,
  place,
  stop,
  onFocus,
  mayCreate,
}: CellProps) {
  const where = { around: building.id, entrance, floor: String(floor), room: cell.room };
  const shared = { class: "door empty-door", "data-at": place, tabIndex: stop ? 0 : -1, onFocus };
  const inside = (
    <>
      <span class="room">{cell.room}</span>
      {mayCreate && <Icon name="plus" />}
    </>
  );
  const label = t(mayCreate ? "matrix.register" : "matrix.nobody", { room: cell.room });
  if (!mayCreate) {
    return (
      <span {...shared} aria-label={label} role="img">
        {inside}
      </span>
    );
  }
  return (
    <a {...shared} href={`#${newPath({ type: "household", ...where })}`} aria-label={label}>
      {inside}
    </a>
  );
}

function Door({
  cell,
  place,
  stop,
  onFocus,
  household,
  more,
}: CellProps & { household: View; more: number }) {
  const today = useToday();
  const state = visitState(household.get("care_level"), household.get("last_visit"), today.value);
  const vacant = household.get("housing") === "vacant";
  const level = LETTERS[household.text("care_level")];
  const room = cell.room || t("title.no_room");
  const { badge } = household;
  const when = shortWords(state);
  const name = household.text("householder") || (vacant ? t("matrix.vacant") : "—");
  return (
    <a
      class={`door ${state.due}${vacant ? " vacant" : ""}`}
      href={recordLink("household", household.id)}
      data-at={place}
      data-household={household.id}
      tabIndex={stop ? 0 : -1}
      onFocus={onFocus}
    >
      <span class="room">
        {room}
        <Comma />
      </span>
      <span class="name">
        {name}
        {more > 0 && ` +${more}`}
        {(level || badge || when) && <Comma />}
      </span>
      <span class="sign">
        {level && (
          <span class="letter">
            {t(level)}
            {(badge || when) && <Comma />}
          </span>
        )}
        {badge && (
          <>
            <Icon name={MARKS[badge]} />
            <Pause>{t(`state.${badge}`) + (when && t("value.and"))}</Pause>
          </>
        )}
      </span>
      <span class="when">{when}</span>
      <span class={`age age-${ageStep(state.since)}`} />
    </a>
  );
}

const Comma = () => <Pause>{t("value.and")}</Pause>;

const LETTERS = {
  weekly: "matrix.weekly",
  monthly: "matrix.monthly",
  quarterly: "matrix.quarterly",
} as Readonly<Record<string, "matrix.weekly" | "matrix.monthly" | "matrix.quarterly">>;
const MARKS = {
  waiting: "device",
  held: "clock",
  rejected: "alert",
  conflict: "conflict",
} as const;

/** What stands in the cell: late by, due in, or how long ago. */
function shortWords({ due, left, since }: VisitState): string {
  if (due === "never") return t("visit.never");
  if (due === "late") return t("visit.late_short", { n: -left! });
  if (due === "soon") return left === 0 ? t("visit.today") : t("visit.soon_short", { n: left! });
  if (since === null) return "";
  return since === 0 ? t("visit.since_today") : t("visit.since_short", { n: since });
}

/** What the colours, letters and lines mean. */
export function Legend() {
  return (
    <details class="legend">
      <summary>{t("matrix.legend")}</summary>
      <ul>
        {(["late", "soon", "fine", "none"] as const).map((due) => (
          <li key={due}>
            <span class={`door ${due} sample`} aria-hidden="true" />
            {t(`matrix.legend.${due}`)}
          </li>
        ))}
        <li>
          <span class="door sample" aria-hidden="true">
            <span class="age age-1" />
          </span>
          {t("matrix.legend.age")}
        </li>
        <li>
          <span class="door empty-door sample" aria-hidden="true" />
          {t("matrix.legend.empty")}
        </li>
        {(["waiting", "held", "conflict", "rejected"] as const).map((mark) => (
          <li key={mark}>
            <span class="sample bare-icon">
              <Icon name={MARKS[mark]} />
            </span>
            {t(`state.${mark}`)}
          </li>
        ))}
      </ul>
    </details>
  );
}
