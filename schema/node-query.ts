import { authorizationNode } from "./authorization.ts";
import { builder } from "./builder.ts";
import { withSource } from "./connection.ts";
import { connectorNode } from "./connector.ts";
import type { Context } from "./context.ts";
import { forbidden } from "./errors.ts";
import { nodeIdSchema } from "./input.ts";
import { type Identified, NodeInterface, type NodeType, parseNodeId } from "./node.ts";
import { groupNode, userNode } from "./owner.ts";
import type { Connection, FindConnection, PlatformAccess } from "./upstream.ts";

type Find = (id: string, context: Context) => Promise<Identified | null>;

/** Each finds what the caller could reach otherwise, and nothing else. */
const finders: Record<NodeType, Find> = {
  AuditEvent: async (id, { platform }) => (await platform?.findAuditEvent?.(id)) ?? null,
  async Platform(id, { catalog }) {
    const platform = await catalog.getPlatform();
    return platform.slug === id ? platform : null;
  },
  async Connector(slug, { catalog, user }) {
    const connector = await catalog.findConnector(slug);
    return connector && connectorNode(user?.connections ?? null, connector);
  },
  async Viewer(id, { user }) {
    const viewer = (await user?.viewer()) ?? null;
    return viewer?.userId === id ? viewer : null;
  },
  async User(id, { platform }) {
    const user = (await platform?.findUser(id)) ?? null;
    return platform && user && userNode(platform, user);
  },
  async Group(id, { platform }) {
    const group = (await platform?.findGroup(id)) ?? null;
    return platform && group && groupNode(platform, group);
  },
  async Connection(id, { user, platform }) {
    if (platform) return findOfAll(platform, { id });
    const connection = (await user?.connections.find({ id })) ?? null;
    return user && connection && withSource(user.connections, connection);
  },
  async Authorization(id, { user, platform }) {
    if (platform) {
      const connection = await findOfAll(platform, { authorizationId: id });
      return connection?.authorization ? authorizationNode(connection.source, connection.authorization) : null;
    }
    const authorization = (await user?.connections.findAuthorization(id)) ?? null;
    return user && authorization && authorizationNode(user.connections, authorization);
  },
};

async function findOfAll(platform: PlatformAccess, where: Parameters<FindConnection>[0]) {
  if (!platform.findConnection)
    throw forbidden("This gateway's upstream cannot find a connection without its owner: use user(id:) or group(id:).");
  const connection: Connection | null = await platform.findConnection(where);
  return connection && withSource(platform.connectionsOf(connection.owner), connection);
}

builder.queryField("node", (t) =>
  t.field({
    type: NodeInterface,
    nullable: true,
    description: "An object by its `nodeId`, or null if the caller has no access to such an object.",
    args: { nodeId: t.arg.id({ required: true, description: "Node.nodeId.", validate: nodeIdSchema }) },
    resolve: async (_root, { nodeId }, context) => {
      const { type, id } = parseNodeId(nodeId);
      const node = await finders[type](id, context);
      return node && { ...node, __typename: type };
    },
  }),
);
