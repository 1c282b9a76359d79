import { badUserInput } from "../../schema/errors.ts";
import { isSigned } from "../oauth/callback-signature.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import { readValue } from "../providers/variable-value.ts";
import type { Log } from "../runtime/log.ts";

/** An installation that the provider has started by itself: what it said of it, as far as that is signed. */
export interface ProviderStart {
  connectorName: string;
  /** Fields of the connector's form that the provider has filled in, as they are shown. */
  fields: { name: string; label: string; value: string; suffix: string | null }[];
}

interface Dependencies {
  connectors: ReadonlyMap<string, ConnectorConfig>;
  log: Pick<Log, "warn">;
}

/** Nothing of a callback is believed before. Throws BAD_USER_INPUT where the provider signs its callbacks, and has not signed this one. */
export function assertSigned({ log }: Pick<Dependencies, "log">, connector: ConnectorConfig | undefined, callback: URLSearchParams): void {
  const { provider, client } = connector?.oauth ?? {};
  if (!connector || !provider?.callbackHmacParam) return;
  if (client?.clientSecret && isSigned(callback, provider.callbackHmacParam, client.clientSecret)) return;
  log.warn({ connector: connector.slug }, "a callback is not signed with the client secret");
  throw badUserInput(({ refusals }) => refusals.unsigned(connector.name), "");
}

/**
 * What a callback without a state means at a connector whose provider starts by itself (GitHub Apps, Shopify). Null: it belongs to no attempt.
 * Anybody can write such an address (RFC 9700 section 4.7), so that its code is never exchanged, and only what is signed is read.
 * Throws BAD_USER_INPUT where it is to be signed and is not.
 */
export function readProviderStart({ connectors, log }: Dependencies, slug: string, callback: URLSearchParams): ProviderStart | null {
  const connector = connectors.get(slug);
  if (!connector?.facts?.callback.starts_without_state || callback.has("state")) return null;
  assertSigned({ log }, connector, callback);
  return { connectorName: connector.name, fields: connector.oauth?.provider.callbackHmacParam ? signedFields(connector, callback) : [] };
}

function signedFields({ collect, rules }: ConnectorConfig, callback: URLSearchParams): ProviderStart["fields"] {
  return (collect?.fields ?? []).flatMap(({ name, label, suffix, secret }) => {
    const [rule, text] = [rules[name], callback.get(name)];
    const value = rule && text !== null && !secret ? readValue(rule, text) : null;
    return value === null ? [] : [{ name, label, value, suffix }];
  });
}
