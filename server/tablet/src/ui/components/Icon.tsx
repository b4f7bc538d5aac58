/**
 * Icons: simple strokes on a 24-unit square, drawn for this app.
 *
 * An icon never stands for a word that is not there: it is decoration beside a
 * text, or its control carries the text as its label. So it is hidden from
 * screen readers always.
 */

const PATHS = {
  alert: "M12 4 3 20h18zM12 10v4M12 17v.5",
  back: "M15 5l-7 7 7 7",
  bell: "M6 17V11a6 6 0 0 1 12 0v6l1.5 2h-15zM10 21h4",
  building: "M5 21V4h9v17M14 9h5v12M3 21h18M8 8h3M8 12h3M8 16h3M17 13v0M17 17v0",
  camera: "M4 8h3l2-3h6l2 3h3v11H4zM12 10a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7",
  check: "M5 12.5l4.5 4.5L19 7.5",
  clock: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16M12 8v4.5l3 2",
  close: "M6 6l12 12M18 6L6 18",
  cloud: "M7 18a4 4 0 0 1-.5-8A5.5 5.5 0 0 1 17 9a4.5 4.5 0 0 1 0 9zM12 16v-5M9.5 13l2.5-2.5 2.5 2.5",
  conflict: "M7 4v6a5 5 0 0 0 5 5 5 5 0 0 0 5-5V4M12 15v5M4.5 6.5L7 4l2.5 2.5M14.5 6.5L17 4l2.5 2.5",
  device: "M6 3h12v18H6zM11 18h2",
  door: "M6 21V4h12v17M4 21h16M14.5 12.5v0",
  down: "M6 9l6 6 6-6",
  edit: "M5 19l1-4L16.5 4.5l3 3L9 18z",
  erase: "M8 6h12v12H8l-5-6zM11 9.5l5 5M16 9.5l-5 5",
  file: "M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6",
  filter: "M4 6h16M7 12h10M10 18h4",
  help: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16M9.8 9.8a2.3 2.3 0 1 1 3.3 2.2c-.8.4-1.1.8-1.1 1.7M12 16.5v0",
  home: "M4 11l8-7 8 7v9h-5v-6H9v6H4z",
  info: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16M12 11v5M12 8v0",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  map: "M4 6l5-2 6 2 5-2v14l-5 2-6-2-5 2zM9 4v14M15 6v14",
  mark: "M6 4h12v16l-6-4-6 4z",
  me: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8M4 20c1-4 4-6 8-6s7 2 8 6",
  minus: "M5 12h14",
  more: "M5 12v0M12 12v0M19 12v0",
  next: "M9 5l7 7-7 7",
  offline: "M7 18a4 4 0 0 1-.5-8A5.5 5.5 0 0 1 17 9a4.5 4.5 0 0 1 1.5 8.7M4 4l16 16",
  people: "M9 5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7M3 20c.5-4 3-6 6-6s5.5 2 6 6M16 5.5a3 3 0 0 1 0 6M18 14.5c2 .8 3 2.7 3.2 5.5",
  phone: "M6 4h4l1.5 4.5L9 10.5a11 11 0 0 0 4.5 4.5l2-2.5L20 14v4c0 1-1 2-2 2C11 20 4 13 4 6c0-1 1-2 2-2",
  pin: "M12 21s-6-6-6-11a6 6 0 0 1 12 0c0 5-6 11-6 11M12 8a2 2 0 1 0 0 4 2 2 0 0 0 0-4",
  plus: "M12 5v14M5 12h14",
  refresh: "M19 12a7 7 0 0 1-12.5 4.3M5 12a7 7 0 0 1 12.5-4.3M17.5 3.5v4.2h-4.2M6.5 20.5v-4.2h4.2",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M15.5 15.5L20 20",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 5v4M9 15v4",
  speak: "M4 5h16v11H12l-5 4v-4H4zM8 9h8M8 12.5h5",
  trash: "M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13",
  undo: "M8 5L4 9l4 4M4 9h10a5 5 0 0 1 0 10h-4",
  visit: "M4 20V10l6-5 6 5v2M4 20h6M14 17.5l2.5 2.5 4.5-4.5",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
