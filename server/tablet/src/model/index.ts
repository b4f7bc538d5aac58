/** The read model: `import { openModel } from "../model"`. See types.ts for how to use it. */
export type * from "./types";
export { openModel } from "./model";
