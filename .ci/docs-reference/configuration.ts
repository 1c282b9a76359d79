/** The configuration file as a page, from its JSON Schema. */
import { z } from "zod";
import { cell, table } from "./markdown.ts";

interface Node {
  description?: string | undefined;
  type?: unknown;
  default?: unknown;
  enum?: unknown[] | undefined;
  $ref?: string | undefined;
  properties?: Record<string, Node> | undefined;
  required?: string[] | undefined;
  items?: Node | undefined;
  anyOf?: Node[] | undefined;
  additionalProperties?: unknown;
  pattern?: string | undefined;
}

const nodeSchema: z.ZodType<Node> = z.lazy(() =>
  z.looseObject({
    description: z.string().optional(),
    type: z.unknown().optional(),
    enum: z.array(z.unknown()).optional(),
    $ref: z.string().optional(),
    properties: z.record(z.string(), nodeSchema).optional(),
    required: z.array(z.string()).optional(),
    items: nodeSchema.optional(),
    anyOf: z.array(nodeSchema).optional(),
    pattern: z.string().optional(),
  }),
);

/** Most values of a list that are written out. */
const MOST_VALUES = 25;

const isPlaceholder = ({ pattern }: Node): boolean => pattern?.startsWith("\\$\\{") ?? false;
const membersOf = ({ anyOf }: Node): Node[] => (anyOf ?? []).filter((member) => !isPlaceholder(member));

function typeOf(node: Node): string {
  const members = membersOf(node);
  if (members.length > 0) return [...new Set(members.map(typeOf))].join(" or ");
  if (node.$ref !== undefined) return "[facts of a provider](#provider)";
  if (node.enum) return node.enum.length > MOST_VALUES ? "a known slug" : node.enum.map((value) => `\`${String(value)}\``).join(", ");
  if (node.items) return `list of ${typeOf(node.items)}`;
  return z.string().safeParse(node.type).data ?? "any";
}

/** The object that a setting is, or holds in a list. */
function objectIn(node: Node): Node | undefined {
  if (node.properties) return node;
  if (node.items) return objectIn(node.items);
  return membersOf(node)
    .map(objectIn)
    .find((member) => member !== undefined);
}

function section(path: string, node: Node): string[] {
  const properties = Object.entries(node.properties ?? {});
  const rows = properties.map(([name, each]) => [
    `\`${name}\`${node.required?.includes(name) ? ", required" : ""}`,
    typeOf(each),
    each.default === undefined || each.default === null ? "" : `\`${cell(JSON.stringify(each.default))}\``,
    cell(each.description ?? ""),
  ]);
  const inner = properties.flatMap(([name, each]) => {
    const object = objectIn(each);
    return object ? section(path === "" ? name : `${path}.${name}`, object) : [];
  });
  return [...(path === "" ? [] : [`## ${path}`]), table(["setting", "type", "default", "meaning"], rows), ...inner];
}

/** @param schema the file's JSON Schema */
export function configurationPage(schema: unknown): string {
  const root = nodeSchema.parse(schema);
  const { provider } = z.looseObject({ $defs: z.object({ provider: nodeSchema }) }).parse(schema).$defs;
  return [
    "# Configuration file",
    "`xkit.config.json`, or the file that `XKIT_CONFIG` names. `${NAME}` in a text stands for a variable of the environment. A file with problems is refused, and every problem is told at once.",
    'For completion in an editor: `"$schema": "./node_modules/xkit-gateway/schema/xkit.config.schema.json"`.',
    ...section("", root),
    "## provider",
    "What a connector's `provider` states where it is an object. With `extends`, what is stated replaces what is known.",
    ...section("provider", provider).slice(1),
  ].join("\n\n");
}
