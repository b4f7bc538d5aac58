import type { Engine } from "./types";

export const engine = {} as Engine;
