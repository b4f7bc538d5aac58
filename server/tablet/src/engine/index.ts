/** The engine: `import { engine, type Replica } from "../engine"`. See types.ts for how to use it. */
export type * from "./types";
export {
  Catalogue,
  choiceLabel,
  may,
  stepsFrom,
  valueProblem,
  type Choice,
  type Field,
  type RecordType,
  type Transition,
  type Workflow,
} from "./catalogue";
export type { Form, PolicyName } from "./policies";
export { compareTexts, isRecordId, type KindName } from "./values";
export { engine } from "./engine";
export { createEngine } from "./engine";
export { hostPlatform, type Platform } from "./platform";
