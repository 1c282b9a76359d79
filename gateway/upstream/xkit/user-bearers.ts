import { LRUCache } from "lru-cache";
import type { ProvisionedUser, Viewer } from "../../../schema/upstream.ts";
import { boundedByCount } from "../../runtime/bounded-by-count.ts";
import type { Clock } from "../../runtime/clock.ts";
import { isSameUser } from "../same-user.ts";
import type { Ask } from "./operation.ts";
import { provisionUser } from "./platform.ts";

/** Users whose bearers are kept at most. */
const KEPT_BEARERS = 10_000;
/** How long before its end a new bearer is made. */
const MARGIN_MS = 60_000;

/** Bearers of the upstream for users whom this gateway knows. Making one tells the upstream of the user and of their group. */
export interface UserBearers {
  /** Makes one. `ask` has the key pair. */
  renew(ask: Ask, viewer: Viewer): Promise<string>;
  /** The one that was made last, where it is good for the same user in the same group. Another process may have told of another group since. */
  get(ask: Ask, viewer: Viewer): Promise<string>;
}

export function createUserBearers(clock: Clock): UserBearers {
  const kept = new LRUCache<string, ProvisionedUser & { viewer: Viewer }>(boundedByCount(KEPT_BEARERS));

  async function renew(ask: Ask, viewer: Viewer): Promise<string> {
    const provisioned = await provisionUser(ask, { id: viewer.userId, groupId: viewer.groupId, name: viewer.name }, clock);
    kept.set(viewer.userId, { ...provisioned, viewer });
    return provisioned.token;
  }

  return {
    renew,
    async get(ask, viewer) {
      const found = kept.get(viewer.userId);
      const isGood = found && isSameUser(found.viewer, viewer) && clock.now() + MARGIN_MS < found.expiresAt.getTime();
      return isGood ? found.token : renew(ask, viewer);
    },
  };
}
