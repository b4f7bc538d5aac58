/**
 * Home: the building matrix (楼栋图), from where a household is one tap away.
 *
 * A worker stands in front of a building; so the building is what the app opens with,
 * the one that they looked at last. Above it are its neighbours, each with the number of
 * households whose visit is late, so that the next building is one tap away too.
 */

import { useComputed } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";

import type { View } from "../../engine";
import { may } from "../../engine/catalogue";
import { Bar, Button, Empty, List, ListRow } from "../components";
import { t } from "../i18n";
import { go } from "../router";
import { useSession } from "../session";
import { recordLink } from "./links";
import { layout, type Matrix } from "./matrix";
import { Legend, MatrixView } from "./MatrixView";
import { RecordBadge } from "./parts";
import { buildingTitle, householder, numberTitle } from "./titles";
import { useToday } from "./today";
import { useWork } from "./useWork";
import { visitState } from "./visits";

export function Home() {
  const { model } = useSession();
  const { grid, building, buildings } = useWork();
  const grids = model.grids.value;
  const here = grids.find((one) => one.id === grid.value);
  if (!here) return <NoGrid />;
  const open = building.value === null ? null : model.record(building.value).value;
  return (
    <div class="screen home">
      <Bar
        title={open ? buildingTitle(open.text("compound"), open.text("number")) : here.text("name")}
        second={open ? here.text("name") : t("home.title")}
        actions={
          <Button kind="plain" icon="map" href="#/map">
            {t("home.map")}
          </Button>
        }
      />
      {grids.length > 1 && <Grids grids={grids} chosen={here.id} />}
      {buildings.value.length > 0 && <Buildings grid={here.id} />}
      {open ? <BuildingMatrix key={open.id} building={open} /> : <NoBuilding grid={here.id} />}
      <Homeless grid={here.id} />
    </div>
  );
}

function NoGrid() {
  return (
    <div class="screen">
      <Bar title={t("home.title")} />
      <Empty title={t("home.no_grid")} icon="map">
        <p>{t("home.no_grid.why")}</p>
        <Button href="#/today">{t("home.no_grid.today")}</Button>
      </Empty>
    </div>
  );
}

function NoBuilding({ grid }: { grid: string }) {
  const { model } = useSession();
  const households = model.householdsIn(grid).value.length;
  return (
    <Empty title={t("home.no_building")} icon="building">
      <p>{t(households > 0 ? "home.no_building.list" : "home.no_building.why")}</p>
    </Empty>
  );
}

function Grids({ grids, chosen }: { grids: readonly View[]; chosen: string }) {
  const { chooseGrid } = useWork();
  return (
    <nav class="chips" data-pan aria-label={t("home.grids")}>
      {grids.map((one) => (
        <button
          key={one.id}
          type="button"
          class="chip"
          aria-pressed={one.id === chosen}
          onClick={() => chooseGrid(one.id)}
        >
          {one.text("name")}
        </button>
      ))}
    </nav>
  );
}

/** The buildings of a grid by compound: the compounds, if there are several, and theirs. */
function Buildings({ grid }: { grid: string }) {
  const { buildings, building, chooseBuilding } = useWork();
  const late = useLate(grid);
  const all = buildings.value;
  const compounds = useMemo(() => [...new Set(all.map((one) => one.text("compound")))], [all]);
  const open = all.find((one) => one.id === building.value);
  const compound = open?.text("compound") ?? compounds[0] ?? "";
  const firstOf = (name: string) => all.find((one) => one.text("compound") === name)?.id ?? "";
  return (
    <nav class="buildings" aria-label={t("home.buildings")}>
      {compounds.length > 1 && (
        <div class="chips compounds" data-pan>
          {compounds.map((name) => (
            <button
              key={name}
              type="button"
              class="chip"
              aria-pressed={name === compound}
              onClick={() => chooseBuilding(firstOf(name))}
            >
              {name || t("title.no_compound")}
            </button>
          ))}
        </div>
      )}
      <Chips current={open?.id ?? ""}>
        {all
          .filter((one) => one.text("compound") === compound)
          .map((one) => (
            <button
              key={one.id}
              type="button"
              class="chip"
              data-building={one.id}
              aria-pressed={one.id === open?.id}
              onClick={() => chooseBuilding(one.id)}
            >
              {numberTitle(one.text("number"))}
              <LateCount n={late.value.get(one.id) ?? 0} />
            </button>
          ))}
      </Chips>
    </nav>
  );
}

/** A row of chips that keeps the chosen one in sight. */
function Chips(props: { current: string; children: ComponentChildren }) {
  const row = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const chosen = row.current?.querySelector<HTMLElement>('[aria-pressed="true"]');
    if (!chosen || !row.current) return;
    row.current.scrollLeft =
      chosen.offsetLeft - row.current.clientWidth / 2 + chosen.clientWidth / 2;
  }, [props.current]);
  return (
    <div class="chips" data-pan ref={row}>
      {props.children}
    </div>
  );
}

function LateCount({ n }: { n: number }) {
  if (n === 0) return null;
  return (
    <span class="late-count">
      <span aria-hidden="true">{n}</span>
      <span class="unseen">{t("home.late", { n })}</span>
    </span>
  );
}

/** Building → households whose visit is late. */
function useLate(grid: string) {
  const { model } = useSession();
  const today = useToday();
  return useComputed(() => {
    const counts = new Map<string, number>();
    for (const one of model.householdsIn(grid).value) {
      const { due } = visitState(one.get("care_level"), one.get("last_visit"), today.value);
      if (due !== "late" && due !== "never") continue;
      const building = one.text("building");
      counts.set(building, (counts.get(building) ?? 0) + 1);
    }
    return counts;
  });
}

function BuildingMatrix({ building }: { building: View }) {
  const { model, replica } = useSession();
  const households = model.householdsOf(building.id).value;
  const matrix = useMemo(() => layoutOf(building, households), [building, households]);
  const byId = useMemo(() => new Map(households.map((one) => [one.id, one])), [households]);
  const spec = replica.catalogue.value.get("household");
  const mayCreate = spec !== null && may(spec, "create", replica.role.value);
  return (
    <>
      {matrix.entrances.length === 0 && households.length === 0 && (
        <Empty title={t("home.empty_building")} icon="door">
          {mayCreate && (
            <Button href={`#/new/household?in=${building.id}`}>{t("home.add_household")}</Button>
          )}
        </Empty>
      )}
      {matrix.entrances.length > 0 && (
        <>
          <MatrixView building={building} matrix={matrix} households={byId} mayCreate={mayCreate} />
          <Legend />
        </>
      )}
      <Unplaced ids={matrix.loose} byId={byId} />
      {mayCreate && households.length > 0 && (
        <div class="buttons">
          <Button icon="plus" onPress={() => go(`/new/household?in=${building.id}`)}>
            {t("home.add_household")}
          </Button>
          <Button kind="plain" icon="edit" href={recordLink("building", building.id)}>
            {t("home.building_record")}
          </Button>
        </div>
      )}
    </>
  );
}

function layoutOf(building: View, households: readonly View[]): Matrix {
  const number = (name: string) => {
    const value = building.get(name);
    return typeof value === "number" ? value : null;
  };
  const doors = households.map((one) => {
    const floor = one.get("floor");
    return {
      id: one.id,
      entrance: one.text("entrance"),
      floor: typeof floor === "number" ? floor : null,
      room: one.text("room"),
    };
  });
  return layout(
    { entrances: number("entrances"), floors: number("floors"), doors: number("doors") },
    doors,
  );
}

/** Households that the drawing has no place for. */
function Unplaced({ ids, byId }: { ids: readonly string[]; byId: ReadonlyMap<string, View> }) {
  if (ids.length === 0) return null;
  return <HouseholdList title={t("home.unplaced")} households={ids.map((id) => byId.get(id)!)} />;
}

/** Households of the grid that are in no building of it: a list, so that none is out of reach. */
function Homeless({ grid }: { grid: string }) {
  const { model } = useSession();
  const { buildings } = useWork();
  const known = new Set(buildings.value.map((one) => one.id));
  const without = model.householdsIn(grid).value.filter((one) => !known.has(one.text("building")));
  if (without.length === 0) return null;
  return <HouseholdList title={t("home.without_building")} households={without} />;
}

function HouseholdList({ title, households }: { title: string; households: readonly View[] }) {
  return (
    <section class="card" aria-label={title}>
      <header>
        <h2>{title}</h2>
        <span class="quiet">{households.length}</span>
      </header>
      <List>
        {households.map((one) => (
          <ListRow
            key={one.id}
            title={householder(one)}
            second={one.text("room")}
            end={<RecordBadge view={one} />}
            href={recordLink("household", one.id)}
          />
        ))}
      </List>
    </section>
  );
}
