import { badUserInput } from "../../schema/errors.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import { templateFieldsOf, templateValuePattern } from "../providers/template.ts";

/**
 * Checks collected fields against what the connector asks: each one once, none empty, none unknown,
 * and a host label where it becomes part of a host name. Throws BAD_USER_INPUT with the field's path.
 */
export function parseCollected(connector: ConnectorConfig, fields: readonly { name: string; value: string }[]): Record<string, string> {
  const asked = connector.collect?.fields ?? [];
  const inHost: Set<string> = connector.oauth ? templateFieldsOf(connector.oauth.provider) : new Set();
  const values: Record<string, string> = {};
  for (const [index, { name, value }] of fields.entries()) {
    const field = asked.find((candidate) => candidate.name === name);
    if (!field || Object.hasOwn(values, name))
      throw badUserInput(`${connector.name} asks for no ${field ? "second " : ""}field "${name}".`, `fields.${index}.name`);
    const trimmed = value.trim();
    if (!trimmed) throw badUserInput(`${field.label} must not be empty.`, `fields.${index}.value`);
    if (inHost.has(name) && !templateValuePattern.test(trimmed)) {
      throw badUserInput(`${field.label} must be a single name: letters, digits and -.`, `fields.${index}.value`);
    }
    values[name] = trimmed;
  }
  const missing = asked.find(({ name }) => !Object.hasOwn(values, name));
  if (missing) throw badUserInput(`${missing.label} is missing.`, "fields");
  return values;
}
