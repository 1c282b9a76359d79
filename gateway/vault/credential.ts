import type { ConnectorConfig } from "../providers/connector.ts";

/** What is sent to the provider: the key, or a user and a password with a colon between them (RFC 7617 section 2). */
export function credentialOf(
  { facts, collect }: Pick<ConnectorConfig, "facts" | "collect">,
  values: Readonly<Record<string, string>>,
): string {
  if (facts?.kind === "basic") return `${values["username"] ?? ""}:${values["password"] ?? ""}`;
  return values[collect?.fields.find(({ secret }) => secret)?.name ?? ""] ?? "";
}
