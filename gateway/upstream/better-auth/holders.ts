import { LRUCache } from "lru-cache";
import { type Owner, ownerOfViewer, type Viewer } from "../../../schema/upstream.ts";
import type { Accounts } from "./accounts.ts";
import type { BetterAuthUpstreamOptions } from "./options.ts";
import { boundedByCount } from "../../runtime/bounded-by-count.ts";

/** Whose accounts at better-auth are an owner's connections. Its users' ids are ours, and its organizations' our groups'. */
export interface Holders {
  /** The user of better-auth's; null where a group has none. */
  ofOwner(owner: Owner): Promise<string | null>;
  /** The same for who is asking; null for a member whom better-auth's organization no longer has. */
  ofViewer(viewer: Viewer): Promise<string | null>;
  /** The user themselves, and the groups whose connections are known to be theirs. */
  ownersOf(userId: string): Owner[];
}

/** Of more groups a change is seen late. */
const MAXIMUM_GROUPS = 10_000;

export function createHolders({ groupAccount }: Pick<BetterAuthUpstreamOptions, "groupAccount">, accounts: Accounts): Holders {
  const groups = new LRUCache<string, string>(boundedByCount(MAXIMUM_GROUPS));

  async function ofOwner({ kind, id }: Owner): Promise<string | null> {
    if (kind === "user") return id;
    const userId = (await groupAccount?.(id)) ?? null;
    if (userId !== null) groups.set(id, userId);
    return userId;
  }

  return {
    ofOwner,
    async ofViewer(viewer) {
      const isMember = viewer.groupId === null || (await accounts.isMember(viewer.userId, viewer.groupId));
      return isMember ? ofOwner(ownerOfViewer(viewer)) : null;
    },
    ownersOf: (userId) => [
      { kind: "user", id: userId },
      ...[...groups.entries()].flatMap(([id, holder]): Owner[] => (holder === userId ? [{ kind: "group", id }] : [])),
    ],
  };
}
