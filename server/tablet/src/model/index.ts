/** The read model: `import { openModel } from "../model"`. See types.ts for how to use it. */
import type { Replica } from "../engine";
import type { Model } from "./types";

export type * from "./types";
export const openModel = undefined as unknown as (replica: Replica) => Model;
