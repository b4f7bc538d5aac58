/** English. It has every key that Chinese has, and no other: the compiler and a test keep that. */

import type { Catalogue } from "../index";
import shell from "./shell.json";
import work from "./work.json";

export default { ...shell, ...work } satisfies Catalogue;
