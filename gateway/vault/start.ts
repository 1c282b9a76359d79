import { z } from "zod";
import { noSuchConnector } from "../../schema/errors.ts";
import { parseInput } from "../../schema/input.ts";
import type { Connection, Owner, StartOptions, Viewer } from "../../schema/upstream.ts";
import { createVerifier } from "../oauth/authorize.ts";
import type { Bind, Link } from "./attempts.ts";
import { type StoredConnection, toConnection } from "./connections.ts";
import { redirectUriOf } from "../providers/connector-url.ts";
import { connectionIdSchema } from "./identifiers.ts";
import { assertNotDisabled } from "./disabling.ts";
import { type AskedGrant, newAttempt, newAuthorization, newConnection } from "./new-rows.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import { getTokenKind, scopesOfKind, type TokenKindConfig } from "../providers/token-kinds.ts";
import { ofKind } from "./token-kinds.ts";
import { assertAllowed, scopesToAsk } from "./scopes.ts";
import { assertMayStart, deleteExpired, findTarget, insertConnection, insertStarted, removeAbandoned } from "./pending.ts";
import type { StepParts } from "./device-start.ts";
import { nextStep } from "./next-step.ts";

const optionsSchema = z.object({ id: connectionIdSchema.nullable() });

/** The first half of connecting: a grant that is only asked for, and what its browser does next. */
export function createStart(dependencies: StepParts) {
  const { database, connections, connectors, macs, clock, metadataOf, publicUrl } = dependencies;

  return async function start(
    owner: Owner,
    { viewer, bind, link }: { viewer: Viewer; bind: Bind; link: Link | null },
    slug: string,
    { id, returnTo, scopes, kind, loginHint }: StartOptions,
  ): Promise<Connection> {
    const connector = connectors.get(slug);
    if (!connector) throw noSuchConnector(slug);
    parseInput(optionsSchema, { id }, "id");
    const named = getTokenKind(connector, kind);
    const usual = kind === undefined ? null : scopesOfKind(named);
    const wanted = { kind: named, scopes: connector.oauth ? (scopes ?? usual) : null };
    assertAllowed(wanted.scopes ?? [], connector, wanted.kind);
    const secrets = { verifier: createVerifier(), loginHint };
    const { started, attempt } = await connections.begin(owner, slug, async (transaction, owned) => {
      const now = clock.now();
      const existing = findTarget(owned, connector, id);
      const before = owned.find(({ connection: { id: ownedId } }) => ownedId === existing?.id) ?? null;
      const connection = existing ?? newConnection(owner, slug, id, now);
      if (existing) assertNotDisabled(existing, connector);
      await assertMayStart(transaction, viewer.userId, connector, now);
      await removeAbandoned(transaction, owned, existing, now);
      if (!existing) await insertConnection(transaction, connection);
      const authorization = newAuthorization(macs, connection, { ...grantToAsk(connector, before, wanted), startedBy: viewer }, now);
      const authorizationId = authorization.id;
      const redirectUri = redirectUriOf(publicUrl, slug);
      const asked = { authorizationId, connectorSlug: slug, userId: viewer.userId, bind, secrets, redirectUri, returnTo };
      const attempt = newAttempt(dependencies, asked, now);
      await deleteExpired(database, transaction, now);
      await insertStarted(transaction, connection, authorization, attempt.row, now);
      return { started: { connection, authorization, connector }, attempt };
    });
    const next = await nextStep(dependencies, started, attempt.row, { state: attempt.state, ...secrets, link });
    return toConnection(started, { clock, metadataOf, publicUrl, reader: viewer.userId }, next);
  };
}

/** What is asked for each kind of token. `wanted` is of one kind. */
function grantToAsk(
  connector: ConnectorConfig,
  before: StoredConnection | null,
  wanted: { kind: TokenKindConfig; scopes: readonly string[] | null },
): Pick<AskedGrant, "kind" | "scopes" | "furtherScopes"> {
  const [own, ...further] = connector.tokenKinds;
  const scopesOf = (each: TokenKindConfig): string[] => {
    const grant = before && ofKind(before, each.kind);
    return scopesToAsk(each === wanted.kind ? wanted.scopes : null, grant?.authorization ?? null, connector, each);
  };
  const furtherScopes = further.flatMap((each) => (each.kind === null ? [] : [[each.kind, scopesOf(each)] as const]));
  const asked = Object.fromEntries(furtherScopes.filter(([, scopes]) => scopes.length > 0));
  return { kind: own.kind, scopes: scopesOf(own), furtherScopes: asked };
}
