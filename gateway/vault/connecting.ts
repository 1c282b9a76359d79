import { notFound } from "../../schema/errors.ts";
import { createActivation } from "./activation.ts";
import { assertSameUser, assertSameVisitor, type Bind, createAttempts, openSecrets, USED_LINK, type Visitor } from "./attempts.ts";
import type { StartedConnection } from "./connections.ts";
import { startDevicePolls } from "./device-polls.ts";
import { readDeviceView } from "./device-view.ts";
import { createFinish } from "./finish.ts";
import { readProviderStart } from "./provider-start.ts";
import { createStart } from "./start.ts";
import type { StepParts } from "./device-start.ts";
import { nextStep } from "./next-step.ts";
import { type ConnectingDependencies, readStarted } from "./started-connections.ts";
import { createSubmit } from "./submit.ts";

/** The two halves of connecting, the form between them, and what the pages around them ask. */
export function createConnecting(dependencies: ConnectingDependencies) {
  const attempts = createAttempts(dependencies);
  const shared = { ...dependencies, attempts, activation: createActivation(dependencies) };
  const devicePolls = startDevicePolls(shared);
  const parts: StepParts = { ...shared, devicePolls };

  return {
    start: createStart(parts),
    submit: createSubmit(parts),
    finish: createFinish(parts),
    readProviderStart: (slug: string, callback: URLSearchParams) => readProviderStart(parts, slug, callback),

    /** The form's facts, for the page that shows it. Throws NOT_FOUND and FORBIDDEN. */
    async getForm(state: string, slug: string, visitor: Visitor): Promise<StartedConnection> {
      const attempt = await attempts.get(state, slug);
      assertSameVisitor(attempt, visitor);
      return readStarted(parts, attempt);
    },

    /** How the code stands that the user has to enter at the provider, for the page that shows it; null where there is none. Throws NOT_FOUND and FORBIDDEN. */
    getDevice: (state: string, slug: string, visitor: Visitor) => readDeviceView(parts, state, slug, visitor),

    /** Asks for no more tokens. Resolves once the requests in progress have ended. */
    stop: devicePolls.stop,

    /**
     * Binds what this user has started to another browser instead. Answers where it continues there: our form, or the provider. Throws
     * NOT_FOUND and FORBIDDEN.
     */
    takeOver: (state: string, slug: string, userId: string, bind: Bind) => takeOver(parts, { state, slug }, userId, bind),

    /** The hash of the state of what this user started last, if it can still be finished; else null. */
    findStarted: async (userId: string): Promise<string | null> => (await attempts.listPending(userId))[0]?.state_hash ?? null,

    /** Binds the user's last started authorization to a browser of theirs, if it can still be finished. */
    async bindStarted(stateHash: string, userId: string, bind: Bind): Promise<void> {
      await attempts.rebind(stateHash, userId, bind(stateHash));
    },

    /** Who started an authorization, and of what connector, for a page that asks whether to go on. Throws NOT_FOUND. */
    async describe(state: string, slug: string): Promise<{ userId: string; connectorName: string }> {
      const attempt = await attempts.get(state, slug);
      return { userId: attempt.user_id, connectorName: (await readStarted(parts, attempt)).connector.name };
    },

    /** The `returnTo` of an attempt, also of one that is used or expired; null for an unknown state. */
    findReturnTo: async (state: string): Promise<string | null> => (await attempts.find(state))?.return_to ?? null,
  };
}

async function takeOver(
  parts: StepParts,
  { state, slug }: { state: string; slug: string },
  userId: string,
  bind: Bind,
): Promise<{ location: string; isForm: boolean }> {
  const { attempts } = parts;
  const attempt = await attempts.get(state, slug);
  assertSameUser(attempt, userId);
  const started = await readStarted(parts, attempt);
  const { authorizeUrl, collect } = await nextStep(parts, started, attempt, { state, ...openSecrets(parts, attempt), link: null });
  const isBound = authorizeUrl && (await attempts.rebind(attempt.state_hash, userId, bind(attempt.state_hash)));
  if (!isBound) throw notFound(USED_LINK);
  return { location: authorizeUrl, isForm: Boolean(collect) };
}

export type Connecting = ReturnType<typeof createConnecting>;
