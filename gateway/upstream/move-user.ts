import {
  type Connection,
  type Owner,
  type OwnerConnections,
  ownerOfViewer,
  type MovedUser,
  type PlatformAccess,
} from "../../schema/upstream.ts";
import type { Auth } from "../auth/index.ts";

/**
 * Moves users (docs/architecture.md, "Groups"): a connection belongs to the group of the session that made it, so that none changes its owner.
 * The connections are read before the user is moved: where that fails, the user is not moved.
 */
export const createMoveUser =
  (users: Pick<Auth["users"], "find" | "move">, connectionsOf: (owner: Owner) => OwnerConnections): PlatformAccess["moveUser"] =>
  async (id, groupId) => {
    const known = await users.find(id);
    if (!known) return null;
    const listed = await listAll(connectionsOf, ownersOf(id, [known.groupId, groupId]));
    const moved = await users.move(id, groupId);
    if (!moved) return null;
    const { before, after } = moved;
    const connections = listed.map((connection) => ({
      connection,
      status: statusFor(ownerOfViewer({ userId: id, groupId: after.groupId }), connection),
    }));
    return { user: after, previousGroupId: before.groupId, connections };
  };

const ownersOf = (userId: string, groupIds: readonly (string | null)[]): Owner[] => [
  { kind: "user", id: userId },
  ...[...new Set(groupIds)].flatMap((id): Owner[] => (id === null ? [] : [{ kind: "group", id }])),
];

async function listAll(connectionsOf: (owner: Owner) => OwnerConnections, owners: readonly Owner[]): Promise<Connection[]> {
  const lists = await Promise.all(owners.map((owner) => connectionsOf(owner).list(null)));
  return lists.flat();
}

/** What a connection is to a user whose connections are those of `seen`. */
function statusFor(seen: Owner, { owner }: Connection): MovedUser["connections"][number]["status"] {
  if (owner.kind === seen.kind && owner.id === seen.id) return "seen";
  return owner.kind === "user" ? "kept_unseen" : "left_with_group";
}
