/** Chinese, the language that the app is written in first. Its keys are the keys there are. */

import shell from "./shell.json";
import work from "./work.json";

export default { ...shell, ...work };
