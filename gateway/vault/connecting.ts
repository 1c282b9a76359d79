import { notFound } from "../../schema/errors.ts";
import type { Connection, Owner, Viewer } from "../../schema/upstream.ts";
import { createVerifier } from "../oauth/authorize.ts";
import { createActivation } from "./activation.ts";
import { assertSameUser, assertSameVisitor, type Bind, createAttempts, type Link, USED_LINK, type Visitor } from "./attempts.ts";
import { type StartedConnection, toConnection } from "./connections.ts";
import { createFinish } from "./finish.ts";
import { newAuthorization, newConnection } from "./new-rows.ts";
import { createPending, findTarget } from "./pending.ts";
import { type ConnectingDependencies, createStartedConnections } from "./started-connections.ts";
import { createSubmit } from "./submit.ts";

/** The two halves of connecting, and the form between them. */
export function createConnecting(dependencies: ConnectingDependencies) {
  const { connections, connectors, macs, clock, publicUrl } = dependencies;
  const attempts = createAttempts(dependencies);
  const activation = createActivation(dependencies);
  const pending = createPending({ attempts, clock });
  const startedConnections = createStartedConnections(dependencies);
  const parts = { ...dependencies, attempts, activation, startedConnections };
  const [submit, finish] = [createSubmit(parts), createFinish(parts)];

  async function start(
    owner: Owner,
    { viewer, bind, link }: { viewer: Viewer; bind: Bind; link: Link | null },
    slug: string,
    { id, returnTo }: { id: string | null; returnTo: string | null },
  ): Promise<Connection> {
    const connector = connectors.get(slug);
    if (!connector) throw notFound(`There is no connector "${slug}" in this platform's catalog.`);
    const verifier = createVerifier();
    const { started, attempt } = await connections.begin(owner, slug, async (transaction, owned) => {
      const now = clock.now();
      const existing = findTarget(owned, connector, id);
      const connection = existing ?? newConnection(owner, slug, id, now);
      await pending.assertMayStart(transaction, viewer.userId, connector);
      await pending.removeAbandoned(transaction, owned, existing);
      if (!existing) await pending.insertConnection(transaction, connection);
      const authorization = newAuthorization(macs, connection, connector.scopes, now, viewer);
      const attempt = attempts.create({
        authorizationId: authorization.id,
        connectorSlug: slug,
        userId: viewer.userId,
        bind,
        verifier,
        redirectUri: `${publicUrl}/callback/${slug}`,
        returnTo,
      });
      await pending.insertStarted(transaction, connection, authorization, attempt.row);
      return { started: { connection, authorization, connector }, attempt };
    });
    const next = await startedConnections.nextStep(started, attempt.row, { state: attempt.state, verifier, link });
    return toConnection(started, { clock, publicUrl, reader: viewer.userId }, next);
  }

  /** The form's facts, for the page that shows it. Throws NOT_FOUND and FORBIDDEN. */
  async function getForm(state: string, slug: string, visitor: Visitor): Promise<StartedConnection> {
    const attempt = await attempts.get(state, slug);
    assertSameVisitor(attempt, visitor);
    return startedConnections.read(attempt);
  }

  /**
   * Binds what this user has started to another browser instead. Answers where it continues there: our form, or the provider. Throws
   * NOT_FOUND and FORBIDDEN.
   */
  async function takeOver(state: string, slug: string, userId: string, bind: Bind): Promise<{ location: string; isForm: boolean }> {
    const attempt = await attempts.get(state, slug);
    assertSameUser(attempt, userId);
    const { authorizeUrl, collect } = await startedConnections.nextStep(await startedConnections.read(attempt), attempt, {
      state,
      verifier: attempts.openVerifier(attempt),
      link: null,
    });
    const isBound = authorizeUrl && (await attempts.rebind(attempt.state_hash, userId, bind(attempt.state_hash)));
    if (!isBound) throw notFound(USED_LINK);
    return { location: authorizeUrl, isForm: Boolean(collect) };
  }

  /** Binds the user's last started authorization to a browser of theirs, if it can still be finished. */
  async function bindStarted(stateHash: string, userId: string, bind: Bind): Promise<void> {
    await attempts.rebind(stateHash, userId, bind(stateHash));
  }

  /** The hash of the state of what this user started last, if it can still be finished; else null. */
  const findStarted = async (userId: string): Promise<string | null> => (await attempts.listPending(userId))[0]?.state_hash ?? null;

  /** Who started an authorization, and of what connector, for a page that asks whether to go on. Throws NOT_FOUND. */
  async function describe(state: string, slug: string): Promise<{ userId: string; connectorName: string }> {
    const attempt = await attempts.get(state, slug);
    return { userId: attempt.user_id, connectorName: (await startedConnections.read(attempt)).connector.name };
  }

  /** The `returnTo` of an attempt, also of one that is used or expired; null for an unknown state. */
  const findReturnTo = async (state: string): Promise<string | null> => (await attempts.find(state))?.return_to ?? null;

  return { start, submit, finish, getForm, takeOver, findStarted, bindStarted, describe, findReturnTo };
}

export type Connecting = ReturnType<typeof createConnecting>;
