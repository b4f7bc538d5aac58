/** Moving and zooming a drawing with one finger, two fingers, the wheel or keys. */

import { useEffect, useRef, useState } from "preact/hooks";

import { type Box, moved, type Point, zoomed } from "./plan";

/** A finger that moved farther than this (pixels) drags and does not tap. */
const SLACK = 6;

export function usePanZoom(whole: Box) {
  const [box, setBox] = useState(whole);
  const svg = useRef<SVGSVGElement>(null);
  const fingers = useRef(new Map<number, Point>());
  const travelled = useRef(0);
  const [pixels, setPixels] = useState<Point>([640, 480]);
  useEffect(() => setBox(whole), [whole]);
  useEffect(() => {
    const element = svg.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(() => {
      const { width, height } = element.getBoundingClientRect();
      setPixels([Math.max(1, width), Math.max(1, height)]);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  /** Metres for each pixel: the whole box is in sight, whatever the shape of the window. */
  const scale = () => Math.max(box.width / pixels[0], box.height / pixels[1]);
  const under = (x: number, y: number): Point => {
    const frame = svg.current?.getBoundingClientRect();
    if (!frame) return [box.x, box.y];
    const by = scale();
    const centre: Point = [box.x + box.width / 2, box.y + box.height / 2];
    return [
      centre[0] + (x - frame.x - frame.width / 2) * by,
      centre[1] + (y - frame.y - frame.height / 2) * by,
    ];
  };
  const zoom = (factor: number, at?: Point) =>
    setBox((now) =>
      zoomed(now, whole, factor, at ?? [now.x + now.width / 2, now.y + now.height / 2]),
    );

  const onPointerDown = (event: PointerEvent) => {
    if (fingers.current.size === 0) travelled.current = 0;
    fingers.current.set(event.pointerId, [event.clientX, event.clientY]);
  };
  const onPointerMove = (event: PointerEvent) => {
    const before = fingers.current.get(event.pointerId);
    if (!before) return;
    const now: Point = [event.clientX, event.clientY];
    const others = [...fingers.current]
      .filter(([id]) => id !== event.pointerId)
      .map(([, at]) => at);
    fingers.current.set(event.pointerId, now);
    travelled.current += Math.hypot(now[0] - before[0], now[1] - before[1]);
    if (travelled.current < SLACK) return;
    svg.current?.setPointerCapture(event.pointerId);
    const [other] = others;
    if (other) {
      const factor = distance(now, other) / Math.max(1, distance(before, other));
      zoom(factor, under((now[0] + other[0]) / 2, (now[1] + other[1]) / 2));
      return;
    }
    const by = scale();
    setBox((view) => moved(view, whole, [(before[0] - now[0]) * by, (before[1] - now[1]) * by]));
  };
  const lift = (event: PointerEvent) => {
    fingers.current.delete(event.pointerId);
  };
  const onWheel = (event: WheelEvent) => {
    // A plain wheel moves the page; two fingers on a touch pad arrive as a wheel with Ctrl.
    if (!event.ctrlKey) return;
    event.preventDefault();
    zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2, under(event.clientX, event.clientY));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const by = box.width / 8;
    const step: Readonly<Record<string, Point>> = {
      ArrowLeft: [-by, 0],
      ArrowRight: [by, 0],
      ArrowUp: [0, -by],
      ArrowDown: [0, by],
    };
    const move = step[event.key];
    if (move) setBox((view) => moved(view, whole, move));
    else if (event.key === "+" || event.key === "=") zoom(1.6);
    else if (event.key === "-") zoom(1 / 1.6);
    else return;
    event.preventDefault();
  };
  return {
    box,
    svg,
    metresPerPixel: scale(),
    zoom: (factor: number) => zoom(factor),
    reset: () => setBox(whole),
    /** Whether the last touch moved the drawing: then it opened nothing. */
    dragged: () => travelled.current >= SLACK,
    handlers: {
      onPointerDown,
      onPointerMove,
      onPointerUp: lift,
      onPointerCancel: lift,
      onWheel,
      onKeyDown,
    },
  };
}

const distance = ([ax, ay]: Point, [bx, by]: Point): number => Math.hypot(ax - bx, ay - by);
