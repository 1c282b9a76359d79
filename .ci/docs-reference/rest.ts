/** The REST contract as a page, from the OpenAPI document that the gateway serves. */
import { z } from "zod";
import { cell, table } from "./markdown.ts";

const schemaSchema = z.looseObject({ $ref: z.string().optional(), type: z.unknown().optional(), description: z.string().optional() });
const contentSchema = z.record(z.string(), z.looseObject({ schema: schemaSchema.optional() })).optional();
const operationSchema = z.looseObject({
  operationId: z.string().optional(),
  summary: z.string().optional(),
  description: z.string().optional(),
  tags: z.array(z.string()).default([]),
  parameters: z
    .array(
      z.looseObject({
        name: z.string(),
        in: z.string(),
        required: z.boolean().default(false),
        description: z.string().default(""),
        schema: schemaSchema.optional(),
      }),
    )
    .default([]),
  requestBody: z.looseObject({ content: contentSchema }).optional(),
  responses: z.record(z.string(), z.looseObject({ description: z.string().default(""), content: contentSchema })).default({}),
});
const documentSchema = z.looseObject({
  info: z.looseObject({ title: z.string(), description: z.string().optional() }),
  paths: z.record(z.string(), z.record(z.string(), z.unknown())),
  components: z
    .looseObject({
      schemas: z
        .record(
          z.string(),
          z.looseObject({
            description: z.string().optional(),
            properties: z.record(z.string(), schemaSchema).optional(),
            required: z.array(z.string()).default([]),
          }),
        )
        .default({}),
    })
    .optional(),
});

type Schema = z.output<typeof schemaSchema>;
type Operation = z.output<typeof operationSchema>;

const METHODS = new Set(["get", "post", "put", "patch", "delete"]);

/** `#/components/schemas/Connection` as a link, else what is known of the type. */
function typeOf(schema: Schema | undefined): string {
  if (!schema) return "";
  const name = schema.$ref?.split("/").at(-1);
  if (name !== undefined) return `[\`${name}\`](#${name.toLowerCase()})`;
  const items = z.looseObject({ items: schemaSchema }).safeParse(schema);
  if (schema.type === "array" && items.success) return `list of ${typeOf(items.data.items)}`;
  const union = z.looseObject({ anyOf: z.array(schemaSchema).optional(), oneOf: z.array(schemaSchema).optional() }).parse(schema);
  const members = union.anyOf ?? union.oneOf;
  if (members)
    return members
      .map(typeOf)
      .filter((member, index, all) => member !== "" && all.indexOf(member) === index)
      .join(" or ");
  return schema.type === undefined ? "" : `\`${z.array(z.string()).parse([schema.type].flat()).join(" or ")}\``;
}

const typeOfContent = (content: z.output<typeof contentSchema>): string => typeOf(Object.values(content ?? {})[0]?.schema);

function operationSection(path: string, method: string, operation: Operation): string {
  const { operationId, summary, description, parameters, requestBody, responses } = operation;
  const rows = parameters.map((each) => [
    `\`${each.name}\``,
    `${each.in}${each.required ? ", required" : ""}`,
    typeOf(each.schema),
    cell(each.description),
  ]);
  const body = typeOfContent(requestBody?.content);
  return [
    `### \`${method.toUpperCase()} ${path}\``,
    [summary, description].filter((text) => text !== undefined && text !== "").join("\n\n"),
    ...(operationId === undefined ? [] : [`Operation id: \`${operationId}\`.`]),
    ...(rows.length > 0 ? [table(["parameter", "in", "type", "meaning"], rows)] : []),
    ...(body === "" ? [] : [`The body is ${body}.`]),
    table(
      ["status", "body", "meaning"],
      Object.entries(responses).map(([status, each]) => [status, typeOfContent(each.content), cell(each.description)]),
    ),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

/** @param document what `/api/openapi.json` answers */
export function restPage(document: unknown): string {
  const { info, paths, components } = documentSchema.parse(document);
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([method]) => METHODS.has(method))
      .map(([method, operation]) => operationSection(path, method, operationSchema.parse(operation))),
  );
  const schemas = Object.entries(components?.schemas ?? {}).map(([name, { description, properties, required }]) =>
    [
      `### ${name}`,
      description ?? "",
      properties
        ? table(
            ["member", "type", "meaning"],
            Object.entries(properties).map(([key, schema]) => [
              `\`${key}\`${required.includes(key) ? "" : ", may be absent"}`,
              typeOf(schema),
              cell(schema.description ?? ""),
            ]),
          )
        : "",
    ]
      .filter((part) => part !== "")
      .join("\n\n"),
  );
  return [
    `# ${info.title}`,
    info.description ?? "",
    "The gateway serves this as OpenAPI at `/api/openapi.json`.",
    "## Operations",
    ...operations,
    ...(schemas.length > 0 ? ["## Schemas", ...schemas] : []),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}
