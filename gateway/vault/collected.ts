import { badUserInput } from "../../schema/errors.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import { templateFieldsOf } from "../providers/template.ts";
import { describeRule, labelRule, readValue } from "../providers/variable-value.ts";

/**
 * Checks collected fields against what the connector asks: each one once, none unknown, none empty that is not optional, and each as its rule
 * has it. What becomes part of an address and has no rule is one label of a host name. Throws BAD_USER_INPUT with the field's path.
 */
export function parseCollected(connector: ConnectorConfig, fields: readonly { name: string; value: string }[]): Record<string, string> {
  const asked = connector.collect?.fields ?? [];
  const inAddress: Set<string> = connector.protocol ? templateFieldsOf(connector.protocol) : new Set();
  const ruleOf = (name: string) => connector.rules[name] ?? (inAddress.has(name) ? labelRule : null);
  const values: Record<string, string> = {};
  for (const [index, { name, value }] of fields.entries()) {
    const field = asked.find((candidate) => candidate.name === name);
    if (!field || Object.hasOwn(values, name))
      throw badUserInput(`${connector.name} asks for no ${field ? "second " : ""}field "${name}".`, `fields.${index}.name`);
    const rule = ruleOf(name);
    // No header holds a line break: it came with what was copied.
    const trimmed = field.secret ? value.trim().replaceAll(/\s*\n\s*/g, " ") : value.trim();
    if (!trimmed && rule?.isOptional) continue;
    if (!trimmed) throw badUserInput(`${field.label} must not be empty.`, `fields.${index}.value`);
    const read = rule ? readValue(rule, trimmed) : trimmed;
    if (rule && read === null) throw badUserInput(describeRule(field.label, rule), `fields.${index}.value`);
    values[name] = (connector.rules[name] && read) ?? trimmed;
  }
  if (connector.facts?.kind === "basic" && values["username"]?.includes(":"))
    throw badUserInput(`${asked.find(({ name }) => name === "username")?.label ?? "username"} must not hold a colon.`, "fields");
  const missing = asked.find(({ name }) => !Object.hasOwn(values, name) && !ruleOf(name)?.isOptional);
  if (missing) throw badUserInput(`${missing.label} is missing.`, "fields");
  return values;
}
