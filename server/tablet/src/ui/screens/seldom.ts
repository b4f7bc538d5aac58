/** The screens that are seldom opened, in one file: seven small ones pack worse, and cost each a request. */

export { HelpPages } from "./help/HelpPages";
export { AppPage } from "./me/AppPage";
export { MePage } from "./me/MePage";
export { WipePage } from "./me/WipePage";
export { EntryPage } from "./sync/EntryPage";
export { NoticePage } from "./sync/NoticePage";
export { RepairPage } from "./sync/RepairPage";
