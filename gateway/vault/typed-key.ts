import { badUserInput, GatewayError } from "../../schema/errors.ts";
import { refusalOf } from "../../schema/problems.ts";
import { type Account, accountOf } from "../oauth/account.ts";
import { checkCredential, isCheckable } from "../oauth/check.ts";
import { declaredSources, type OAuthProvider } from "../oauth/provider.ts";
import { readStated } from "../oauth/stated-values.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import { valuesOf } from "../providers/connector-values.ts";
import { fillProvider } from "../providers/template.ts";
import { observeProvider } from "../runtime/telemetry.ts";
import type { CollectedKey } from "./activation-columns.ts";
import { lookAtOthers } from "./account-holders.ts";
import { askUserInfo } from "./ask-userinfo.ts";
import { describeFailure, objectionTo } from "./connecting-failure.ts";
import type { StartedConnection } from "./connections.ts";
import { credentialOf } from "./credential.ts";
import type { ConnectingDependencies } from "./started-connections.ts";

/** Seconds after which a user may enter a credential again that could not be checked. */
const RETRY_AFTER_SECONDS = 10;

/** Whose key it is, as far as its provider says. */
type KeyOwner = Pick<CollectedKey, "account" | "stated" | "isKnownToUserInfo">;

/**
 * Asks the provider whether a key that was just typed works, and whose it is.
 *
 * Throws BAD_USER_INPUT for a key that it refuses, and for one of another account than the connection has. Throws TEMPORARILY_UNAVAILABLE
 * where it cannot answer: the user is still there and can try again, and a wrong key would go unnoticed later. An answer that says neither
 * yes nor no is no reason to refuse: the key may be restricted to other requests than the check.
 */
export async function proveKey(
  dependencies: ConnectingDependencies,
  started: StartedConnection,
  values: Readonly<Record<string, string>>,
): Promise<KeyOwner> {
  const { connector } = started;
  if (!connector.protocol) return { account: null, stated: {}, isKnownToUserInfo: false };
  const provider = fillProvider(connector.protocol, valuesOf(connector, null, { fields: values, stated: {} }));
  const credential = credentialOf(connector, values);
  await assertAccepted(dependencies, connector, provider, credential);
  const owner = await ownerOf(dependencies, connector.slug, { provider, credential, values });
  await assertMayServe(dependencies, started, owner.account);
  return owner;
}

async function assertAccepted(
  { log, telemetry, timeoutMs }: ConnectingDependencies,
  { slug, name }: ConnectorConfig,
  provider: OAuthProvider,
  credential: string,
): Promise<void> {
  if (!isCheckable(provider, true)) return;
  const { result, code, isTemporary } = await observeProvider(telemetry, slug, "check", () =>
    checkCredential({ provider, credential, timeoutMs }),
  );
  if (result === "works") return;
  log.warn({ connector: slug, code, result }, "the provider refuses a credential that a user entered");
  if (result === "refused") throw refusedInput(name);
  if (isTemporary) throw uncheckedInput(name);
}

/** The provider does not take what was typed. */
export const refusedInput = (name: string): GatewayError => badUserInput(({ refusals }) => refusals.notAccepted(name), "fields");

/** The provider could not say whether it takes what was typed. */
export const uncheckedInput = (name: string): GatewayError =>
  new GatewayError("TEMPORARILY_UNAVAILABLE", ({ refusals }) => refusals.notChecked(name), {
    retryAfter: RETRY_AFTER_SECONDS,
  });

async function ownerOf(
  { telemetry, timeoutMs }: ConnectingDependencies,
  slug: string,
  { provider, credential, values }: { provider: OAuthProvider; credential: string; values: Readonly<Record<string, string>> },
): Promise<KeyOwner> {
  const known = readStated("field", values, declaredSources(provider));
  const asked = await askUserInfo(telemetry, slug, { provider, accessToken: credential, known, timeoutMs });
  const stated = { ...known, ...asked };
  return { account: accountOf(provider, stated), stated, isKnownToUserInfo: Object.keys(asked).length > 0 };
}

/** Throws BAD_USER_INPUT where the connection may not have the account: it is another one's, or the provider did not say whose it is. */
export async function assertMayServe(
  { database, connections }: ConnectingDependencies,
  started: StartedConnection,
  account: Account | null,
): Promise<void> {
  const current = await connections.read(started.connection.id);
  const previous = current?.authorization?.id === started.authorization.id ? null : (current?.authorization ?? null);
  const objection = objectionTo(started, previous, account) ?? (await lookAtOthers(database.query, started, previous, account)).failure;
  if (objection) throw badUserInput(refusalOf(describeFailure(started.connector.name, objection)), "fields");
}
