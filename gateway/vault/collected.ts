import { badUserInput } from "../../schema/errors.ts";
import type { FieldConfig } from "../providers/collect.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import { templateFieldsOf } from "../providers/template.ts";
import { describeRule, labelRule, readValue } from "../providers/variable-value.ts";
import { isSentAsTyped } from "./credential.ts";

type CollectingConnector = Pick<ConnectorConfig, "collect" | "facts" | "name" | "protocol" | "rules">;

/**
 * Checks collected fields against what the connector asks: each one once, none unknown, none empty that is not optional, and each as its rule
 * has it. What becomes part of an address and has no rule is one label of a host name. A field that is left out, and an optional one that is
 * empty, has its default. Throws BAD_USER_INPUT with the field's path.
 */
export function parseCollected(connector: CollectingConnector, fields: readonly { name: string; value: string }[]): Record<string, string> {
  const asked = connector.collect?.fields ?? [];
  const readOne = createReader(connector);
  const values: Record<string, string> = {};
  for (const [index, { name, value }] of fields.entries()) {
    const field = asked.find((candidate) => candidate.name === name);
    if (!field || Object.hasOwn(values, name))
      throw badUserInput(
        ({ refusals }) => (field ? refusals.fieldTwice : refusals.fieldUnknown)(connector.name, name),
        `fields.${index}.name`,
      );
    const read = readOne(field, value, `fields.${index}.value`);
    if (read !== null) values[name] = read;
  }
  for (const field of asked) if (!Object.hasOwn(values, field.name) && field.default !== null) values[field.name] = field.default;
  const missing = asked.find(({ name, optional }) => !Object.hasOwn(values, name) && !optional);
  if (missing) throw badUserInput(({ refusals }) => refusals.fieldMissing(missing.label), "fields");
  return values;
}

/** What is in no header (Fetch section 2.2.2): a quotation mark that a word processor has set, a letter of another script. */
const beyondHeaders = /[^\0-\xff]/;

/** Reads one field's value; null where it stays empty. */
function createReader(connector: CollectingConnector) {
  const { facts, protocol, rules } = connector;
  const inAddress: Set<string> = protocol ? templateFieldsOf(protocol) : new Set();
  return function read({ name, label, secret, optional }: FieldConfig, value: string, path: string): string | null {
    const rule = rules[name] ?? (inAddress.has(name) ? labelRule : null);
    // No header holds a line break: it came with what was copied.
    const trimmed = secret ? value.trim().replaceAll(/\s*\n\s*/g, " ") : value.trim();
    if (!trimmed && optional) return null;
    if (!trimmed) throw badUserInput(({ refusals }) => refusals.fieldEmpty(label), path);
    const fitting = rule ? readValue(rule, trimmed) : trimmed;
    if (rule && fitting === null) throw badUserInput(({ refusals }) => describeRule(refusals, label, rule, trimmed), path);
    if (facts?.kind === "basic" && name === "username" && trimmed.includes(":"))
      throw badUserInput(({ refusals }) => refusals.fieldWithColon(label), path);
    if (isSentAsTyped(connector, name) && beyondHeaders.test(trimmed))
      throw badUserInput(({ refusals }) => refusals.fieldWithOddCharacter(label), path);
    return (rules[name] && fitting) ?? trimmed;
  };
}
