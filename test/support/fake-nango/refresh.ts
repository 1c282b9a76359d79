import { oauthOf, refresh } from "./grants.ts";
import { findIntegration, type HeldConnection, noteFailedRefresh, noteRefresh, type State } from "./state.ts";
import type { Webhooks } from "./webhooks.ts";

/** A token with less life left is refreshed when it is read. */
const REFRESH_MARGIN_MS = 15 * 60_000;

/** After a failed refresh every plain read fails for this long. */
const BACK_OFF_MS = 30_000;

const EXHAUSTED = "The refresh limit has been reached for this connection.";
const BACKING_OFF = "A recent refresh attempt failed. Backing off before retrying.";
const FAILED = "The external API returned an error when trying to refresh the access token. Please try again later.";

/** Why credentials cannot be had. The provider's own error is in no answer. */
interface RefreshProblem {
  status: number;
  message: string;
}

export interface Refresher {
  /** Refreshes what is due, or what is told to be. Null when the credentials can be given. */
  ensureFresh(held: HeldConnection, isForced: boolean): Promise<RefreshProblem | null>;
}

export function createRefresher(state: State, webhooks: Pick<Webhooks, "tell">): Refresher {
  const flights = new Map<HeldConnection, Promise<RefreshProblem | null>>();

  async function run(held: HeldConnection): Promise<RefreshProblem | null> {
    const integration = findIntegration(state, held.providerConfigKey);
    const renewed = integration?.oauth ? await refresh(oauthOf(integration), held.credentials, state.now) : null;
    if (renewed) {
      noteRefresh(held, renewed, state.now());
      return null;
    }
    noteFailedRefresh(held, state.now());
    await webhooks.tell({ held, operation: "refresh", error: { type: "refresh_token_external_error", description: FAILED } });
    return { status: 400, message: FAILED };
  }

  return {
    async ensureFresh(held, isForced) {
      held.lastFetchedAt = state.now();
      if (!isForced && held.isExhausted) return { status: 424, message: EXHAUSTED };
      const { lastRefreshFailureAt: failedAt } = held;
      if (!isForced && failedAt !== null && state.now() - failedAt < BACK_OFF_MS) return { status: 424, message: BACKING_OFF };
      if (!isRefreshable(held) || (!isForced && !isDue(held, state.now()))) return null;
      const flight = flights.get(held) ?? run(held).finally(() => flights.delete(held));
      flights.set(held, flight);
      return flight;
    },
  };
}

/** Without a refresh token credentials are given as they are, however old, also where a refresh is forced. */
const isRefreshable = ({ credentials }: HeldConnection): boolean =>
  credentials.type === "OAUTH2" && credentials["refresh_token"] !== undefined;

function isDue({ credentials }: HeldConnection, now: number): boolean {
  const { expires_at: expiresAt } = credentials;
  return typeof expiresAt === "string" && Date.parse(expiresAt) - now < REFRESH_MARGIN_MS;
}
