import type { OAuthClient } from "../oauth/provider.ts";
import type { StatedValues } from "../oauth/stated-values.ts";
import type { ConnectorConfig } from "./connector.ts";
import type { Values } from "./template.ts";

/** What is known of a connection: what its user typed, and what was stated. */
export interface KnownOfConnection {
  readonly fields: Values;
  readonly stated: StatedValues;
}

/** What fills the placeholders of a connector's provider, as far as it is known. */
export function valuesOf(
  { facts, metadata }: Pick<ConnectorConfig, "facts" | "metadata">,
  client: Pick<OAuthClient, "clientId"> | null,
  { fields, stated }: KnownOfConnection,
): Values {
  const late = (facts?.variables ?? []).flatMap(({ name, from, source, default: usual }) =>
    from === "user" ? [] : [[name, stated[`${from}:${source ?? name}`] ?? usual] as const],
  );
  const told = Object.entries(metadata).map(
    ([name, source]) => [name, source.startsWith("field:") ? fields[source.slice("field:".length)] : stated[source]] as const,
  );
  return known([...told, ...late, ...Object.entries(fields), ["client_id", client?.clientId || undefined]]);
}

/** Later ones win. */
function known(entries: readonly (readonly [name: string, value: string | undefined])[]): Values {
  const values: Record<string, string> = {};
  for (const [name, value] of entries) if (value !== undefined) values[name] = value;
  return values;
}
