/**
 * My grids as a plan: their areas and their buildings, drawn from this tablet's own records.
 *
 * Fingers, wheel and keys move and zoom it. Beside it is the list of the same buildings,
 * which is how it is read without eyes or with 200 % text; both lead to the matrix. A
 * building is shaded by the households whose visit is late, and says their number.
 */

import { useComputed } from "@preact/signals";
import { useMemo } from "preact/hooks";

import type { View } from "../../engine";
import { Bar, Empty, IconButton, List, ListRow } from "../components";
import { t } from "../i18n";
import { goTab } from "../router";
import { useSession } from "../session";
import { type Box, boxOf, middle, padded, path, type Point, projection, rings } from "./plan";
import { buildingTitle } from "./titles";
import { useToday } from "./today";
import { usePanZoom } from "./usePanZoom";
import { useWork } from "./useWork";
import { visitState } from "./visits";

interface Shape {
  view: View;
  d: string;
  at: Point;
}
interface Drawing {
  grids: readonly Shape[];
  buildings: readonly Shape[];
  whole: Box;
}

export function Plan() {
  const { model } = useSession();
  const { chooseBuilding, chooseGrid } = useWork();
  const grids = model.grids.value;
  const buildings = useComputed(() =>
    model.grids.value.flatMap((one) => [...model.buildingsIn(one.id).value]),
  ).value;
  const drawing = useMemo(() => drawn(grids, buildings), [grids, buildings]);
  const late = useLateIn(buildings);
  const open = (building: View) => {
    chooseGrid(building.text("grid"));
    chooseBuilding(building.id);
    goTab("/");
  };
  return (
    <div class="screen plan-screen">
      <Bar title={t("plan.title")} up="/" />
      {drawing ? (
        <Drawn drawing={drawing} late={late} onOpen={open} />
      ) : (
        <Empty title={t("plan.nothing")} icon="map">
          <p>{t("plan.nothing.why")}</p>
        </Empty>
      )}
      {grids.map((grid) => (
        <BuildingList key={grid.id} grid={grid} late={late} onOpen={open} />
      ))}
    </div>
  );
}

/** Everything that has a shape, in metres. */
function drawn(grids: readonly View[], buildings: readonly View[]): Drawing | null {
  const areas = grids.map((view) => ({ view, rings: rings(view.get("polygon")) }));
  const feet = buildings.map((view) => ({ view, rings: rings(view.get("footprint")) }));
  const all = boxOf([...areas, ...feet].flatMap((one) => one.rings.flat()));
  if (!all) return null;
  const project = projection(all.y + all.height / 2);
  const shape = ({ view, rings: of }: { view: View; rings: Point[][] }): Shape[] => {
    const placed = of.map((one) => one.map(project));
    return placed[0] ? [{ view, d: path(placed), at: middle(placed[0]) }] : [];
  };
  const corners = [project([all.x, all.y]), project([all.x + all.width, all.y + all.height])];
  const whole = padded(boxOf(corners)!, 0.04);
  return { grids: areas.flatMap(shape), buildings: feet.flatMap(shape), whole };
}

/** Building → households whose visit is late. */
function useLateIn(buildings: readonly View[]): ReadonlyMap<string, number> {
  const { model } = useSession();
  const today = useToday();
  return useComputed(() => {
    const counts = new Map<string, number>();
    for (const building of buildings) {
      const due = model.householdsOf(building.id).value.filter((one) => {
        const state = visitState(one.get("care_level"), one.get("last_visit"), today.value);
        return state.due === "late" || state.due === "never";
      });
      counts.set(building.id, due.length);
    }
    return counts;
  }).value;
}

interface DrawnProps {
  drawing: Drawing;
  late: ReadonlyMap<string, number>;
  onOpen: (building: View) => void;
}

function Drawn({ drawing, late, onOpen }: DrawnProps) {
  const { whole } = drawing;
  const pan = usePanZoom(whole);
  const { box } = pan;
  // Words stay as large as they are read, whatever the plan is zoomed to.
  const letter = pan.metresPerPixel * fontPixels();
  const isNear = box.width < whole.width / 2.2 || drawing.buildings.length < 20;
  return (
    <div class="plan">
      <svg
        {...pan.handlers}
        ref={pan.svg}
        viewBox={`${box.x} ${box.y} ${box.width} ${box.height}`}
        role="img"
        aria-label={t("plan.label")}
        tabIndex={0}
        style={{ height: `calc((100vw - 2rem) * ${(whole.height / whole.width).toFixed(3)})` }}
      >
        {drawing.grids.map(({ view, d }) => (
          <path key={view.id} class="area" d={d} vector-effect="non-scaling-stroke" />
        ))}
        {drawing.buildings.map(({ view, d }) => (
          <path
            key={view.id}
            class={`building ${shade(late.get(view.id) ?? 0)}`}
            d={d}
            vector-effect="non-scaling-stroke"
            data-building={view.id}
            onClick={() => {
              if (!pan.dragged()) onOpen(view);
            }}
          />
        ))}
        {drawing.grids.map(({ view, at: [x, y] }) => (
          <text key={view.id} class="grid-name" x={x} y={y} font-size={letter * 1.25}>
            {view.text("number") || view.text("name")}
          </text>
        ))}
        {isNear &&
          drawing.buildings.map(({ view, at: [x, y] }) => (
            <text key={view.id} class="building-name" x={x} y={y} font-size={letter}>
              {view.text("number")}
            </text>
          ))}
      </svg>
      <div class="plan-foot">
        <p class="hint">{t("plan.hint")}</p>
        <div class="plan-tools">
          <IconButton icon="plus" label={t("plan.nearer")} onPress={() => pan.zoom(1.6)} />
          <IconButton icon="minus" label={t("plan.farther")} onPress={() => pan.zoom(1 / 1.6)} />
          <IconButton icon="home" label={t("plan.whole")} onPress={pan.reset} />
        </div>
      </div>
    </div>
  );
}

/** A letter of the page, in pixels: it follows the size of text that a person chose. */
const fontPixels = (): number =>
  Number.parseFloat(getComputedStyle(document.documentElement).fontSize) * 0.875;

const shade = (late: number): string => (late === 0 ? "" : late < 3 ? "some" : "many");

function BuildingList({
  grid,
  late,
  onOpen,
}: {
  grid: View;
  late: ReadonlyMap<string, number>;
  onOpen: (building: View) => void;
}) {
  const { model } = useSession();
  const buildings = model.buildingsIn(grid.id).value;
  return (
    <section class="card" aria-label={grid.text("name")}>
      <header>
        <h2>{grid.text("name")}</h2>
        <span class="quiet">
          {t("plan.households", { n: model.householdsIn(grid.id).value.length })}
        </span>
      </header>
      <List>
        {buildings.map((one) => {
          const n = late.get(one.id) ?? 0;
          return (
            <ListRow
              key={one.id}
              icon="building"
              title={buildingTitle(one.text("compound"), one.text("number"))}
              second={t("plan.households", { n: model.householdsOf(one.id).value.length })}
              end={n > 0 && <span class="tag bad">{t("home.late", { n })}</span>}
              onPress={() => onOpen(one)}
            />
          );
        })}
      </List>
    </section>
  );
}
