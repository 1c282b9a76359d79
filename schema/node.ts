import { builder } from "./builder.ts";
import { badUserInput } from "./errors.ts";
import { idSchema, slugSchema } from "./input.ts";

/** The types that implement Node. */
const nodeTypes = ["AuditEvent", "Authorization", "Connection", "Connector", "Group", "Platform", "User", "Viewer"] as const;
export type NodeType = (typeof nodeTypes)[number];

const isNodeType = (name: string | undefined): name is NodeType => nodeTypes.some((type) => type === name);

/** What an object is known by among those of its type. */
export type Identified = { id: string } | { slug: string } | { userId: string };

function idOf(node: Identified): string {
  if ("id" in node) return node.id;
  return "slug" in node ? node.slug : node.userId;
}

/** The type and the id of the object that a `nodeId` names. Throws BAD_USER_INPUT for what names none. */
export function parseNodeId(nodeId: string): { type: NodeType; id: string } {
  const [, type, id] = /^(\w+):(.*)$/s.exec(Buffer.from(nodeId, "base64url").toString()) ?? [];
  const isNode = isNodeType(type) && (type === "Connector" ? slugSchema : idSchema).safeParse(id).success;
  if (!isNode || id === undefined) throw badUserInput("nodeId: is not the nodeId of an object.", "nodeId");
  return { type, id };
}

export const NodeInterface = builder.interfaceRef<Identified>("Node").implement({
  description: "An object that can be fetched by its `nodeId`. Client caches can use `nodeId` as a key.",
  fields: (t) => ({
    nodeId: t.id({
      description: "An id that is unique among all types. It is opaque.",
      resolve: (node, _args, _context, { parentType }) => Buffer.from(`${parentType.name}:${idOf(node)}`).toString("base64url"),
    }),
  }),
});
