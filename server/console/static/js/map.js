// The county by grids. The list beside the map holds the same grids and the same numbers: the map
// is one way to choose, the list the other, and they mark each other.

const element = document.getElementById("map");
const list = document.getElementById("grid-list");
const measure = document.getElementById("f-by");
const BANDS = ["map", "heat"];
const L = window.L;

/** Which of five steps a value falls into, by the page's own bounds; 0 for nothing. */
function step(value, bounds) {
  if (value === null || value === undefined || value <= bounds[0]) return 0;
  let found = 1;
  for (let at = 1; at < bounds.length; at += 1) if (value > bounds[at]) found = at + 1;
  return Math.min(found, 5);
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function style(properties, by) {
  const { band, bounds } = JSON.parse(element.dataset.measures)[by];
  const at = step(properties[by], bounds);
  const name = at === 0 ? "--map-0" : `--${BANDS[band]}-${at}`;
  return { fillColor: colour(name), fillOpacity: 0.92, color: colour("--edge"), weight: 1 };
}

/** What Leaflet shows in a tooltip: a text given as such would be read as markup. */
function words(text) {
  const shown = document.createElement("span");
  shown.textContent = text;
  return shown;
}

async function draw() {
  const answer = await fetch(element.dataset.source, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(String(answer.status));
  const { grids, communities } = await answer.json();
  const map = L.map(element, {
    attributionControl: false,
    zoomSnap: 0.25,
    keyboard: true,
    zoomAnimation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
  });
  const links = new Map([...list.querySelectorAll("a[data-grid]")].map((a) => [a.dataset.grid, a]));
  const shapes = new Map();
  const layer = L.geoJSON(grids, {
    style: (feature) => style(feature.properties, measure.value),
    onEachFeature(feature, shape) {
      const { id, number, title } = feature.properties;
      shapes.set(id, shape);
      shape.bindTooltip(words(title), { sticky: true });
      shape.on("mouseover", () => mark(id, true));
      shape.on("mouseout", () => mark(id, false));
      shape.on("click", () => links.get(id)?.click());
      if (number !== null) {
        L.tooltip({ permanent: true, direction: "center", className: "grid-number", interactive: false })
          .setLatLng(shape.getBounds().getCenter()).setContent(words(number)).addTo(map);
      }
    },
  }).addTo(map);
  // Numbers begin anew in each community: its edge and its name tell them apart.
  const edges = L.geoJSON(communities, { interactive: false, style: { fill: false, weight: 2.5 } });
  edges.eachLayer((shape) => {
    shape.setStyle({ color: colour("--ink") });
    const { title } = shape.feature.properties;
    L.tooltip({ permanent: true, direction: "center", className: "community-name", interactive: false })
      .setLatLng(shape.getBounds().getCenter()).setContent(words(title)).addTo(map);
  });
  edges.addTo(map);
  map.fitBounds(layer.getBounds(), { padding: [12, 12] });

  function mark(id, on) {
    const shape = shapes.get(id);
    if (!shape) return;
    if (on) shape.setStyle({ weight: 3, color: colour("--focus") }).bringToFront();
    else layer.resetStyle(shape);
    links.get(id)?.classList.toggle("here", on);
  }
  for (const [id, link] of links) {
    link.addEventListener("focus", () => mark(id, true));
    link.addEventListener("blur", () => mark(id, false));
    link.addEventListener("mouseenter", () => mark(id, true));
    link.addEventListener("mouseleave", () => mark(id, false));
  }

  function paint() {
    layer.setStyle((feature) => style(feature.properties, measure.value));
    edges.setStyle({ color: colour("--ink") });
    document.querySelectorAll("[data-legend]").forEach((legend) => {
      legend.hidden = legend.dataset.legend !== measure.value;
    });
    document.querySelectorAll("[data-value]").forEach((value) => {
      value.hidden = value.dataset.value !== measure.value;
    });
    const address = new URL(location);
    address.searchParams.set("by", measure.value);
    history.replaceState(null, "", address);
  }
  measure.addEventListener("change", paint);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
  paint();
}

if (element) {
  draw().catch(() => {
    element.replaceChildren(document.getElementById("map-broken").content.cloneNode(true));
  });
}
