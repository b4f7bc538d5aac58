/**
 * "Copy my unsent work to a file": the last resort of a worker whose tablet fails.
 *
 * The file holds operations as they would be sent, so that an administrator can look at each
 * and a later version of the server can take them in. It holds no token and no key.
 */
import type { ReplicaStorage } from "./replica_storage";
import type { Profile } from "./types";

const FORMAT = "yuanba-unsent";
const VERSION = 1;

export function unsentFile(
  shelf: ReplicaStorage["shelf"], profile: Profile, nowMs: number,
): { name: string; blob: Blob; count: number } {
  const entries = shelf.inState("waiting", "held", "rejected");
  const content = {
    format: FORMAT,
    version: VERSION,
    device: profile.device,
    user: profile.user,
    name: profile.name,
    exported_at: nowMs,
    operations: entries.map(({ state, answer, body }) => ({ state, answer, operation: body })),
    drafts: shelf.drafts(),
  };
  const text = `${JSON.stringify(content, null, 1)}\n`;
  const day = new Date(nowMs).toISOString().slice(0, 16).replace(/[-:]/g, "").replace("T", "-");
  return {
    name: `yuanba-${profile.device}-${day}.json`,
    blob: new Blob([text], { type: "application/json" }),
    count: entries.length,
  };
}
