import type { ConnectorConfig } from "../providers/connector.ts";
import { credentialHeaderOf } from "../providers/provider.ts";

/** The field that a key is typed into. */
export const keyFieldOf = ({ collect }: Pick<ConnectorConfig, "collect">): string =>
  collect?.fields.find(({ secret }) => secret)?.name ?? "";

/** What is sent to the provider: the key, or a user and a password with a colon between them (RFC 7617 section 2). */
export function credentialOf(connector: Pick<ConnectorConfig, "facts" | "collect">, values: Readonly<Record<string, string>>): string {
  if (connector.facts?.kind === "basic") return `${values["username"] ?? ""}:${values["password"] ?? ""}`;
  return values[keyFieldOf(connector)] ?? "";
}

/** Whether a header carries a field's value as it is typed. */
export const isSentAsTyped = (connector: Pick<ConnectorConfig, "facts" | "collect">, name: string): boolean =>
  connector.facts?.kind === "api_key" && name === keyFieldOf(connector) && !credentialHeaderOf(connector.facts).includes("{basic}");
