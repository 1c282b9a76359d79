import { expect } from "vitest";
import { declaredSources } from "../../gateway/oauth/provider.ts";
import { readStated } from "../../gateway/oauth/stated-values.ts";
import { valuesOf } from "../../gateway/providers/connector-values.ts";
import type { ConnectorConfig } from "../../gateway/providers/connector.ts";
import type { Values } from "../../gateway/providers/template.ts";
import type { Fixture } from "./fixture.ts";

/** The platform's credentials in every fixture. */
export const client = { clientId: "client-id", clientSecret: "client-secret" };

/** What is known once the callback and the token answer have come. The player has hosts in the path, where no scheme is taken off. */
export function valuesIn({ fields, callback, exchange }: Fixture, connector: ConnectorConfig): Values {
  const sources = declaredSources(connector.oauth?.provider ?? expect.unreachable());
  const stated = { ...readStated("callback", callback, sources), ...readStated("token", exchange?.answer.body, sources) };
  const values = Object.entries(valuesOf(connector, client, { fields, stated }));
  return Object.fromEntries(values.map(([name, value]) => [name, value.replace(/^https:\/\//, "")]));
}
