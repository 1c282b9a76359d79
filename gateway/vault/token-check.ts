import { LRUCache } from "lru-cache";
import { isTemporary } from "../../schema/errors.ts";
import { TOKEN_REJECTED_CODE } from "../../schema/outcomes.ts";
import { checkCredential, checkToken, isCheckable } from "../oauth/check.ts";
import type { Discovery } from "../oauth/discovery.ts";
import { FieldError } from "../providers/template.ts";
import { boundedByCount } from "../runtime/bounded-by-count.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { observeProvider, type Telemetry } from "../runtime/telemetry.ts";
import type { Database } from "../store/database.ts";
import type { RowMacs } from "../store/row-macs.ts";
import type { Sealer } from "../store/sealing.ts";
import type { ConnectionStore, StoredGrant } from "./connections.ts";
import { fillFor } from "./filled-provider.ts";
import { grantClientOf } from "./grant-client.ts";
import { factsOf } from "./log-facts.ts";
import type { AuthorizationRow } from "../store/tables.ts";
import { isRenewable } from "./renewable.ts";
import { updateGrant } from "./refresh-result.ts";
import type { Keys } from "./sealed-columns.ts";

/** Longest a provider may take to say whether a token works, in milliseconds. After that it has said nothing. */
export const CHECK_TIMEOUT_MS = 3_000;
/** How long after a refusal the provider is asked once more where no refresh can tell, in milliseconds: a single refusal can be false. */
export const CONFIRM_REFUSED_MS = 3_000;
/** `checked_at` of a grant whose first token the provider's userinfo did not take: the last instant of ECMAScript (section 21.4.1.1). */
export const NO_USERINFO_AT = 8_640_000_000_000_000;
/** Grants whose last check a process remembers. One that it has forgotten costs a statement that changes nothing. */
const REMEMBERED_GRANTS = 20_000;

interface Dependencies {
  database: Database;
  connections: ConnectionStore;
  sealer: Sealer;
  macs: RowMacs;
  discovery: Discovery;
  clock: Clock;
  log: Log;
  telemetry: Telemetry;
}

/** Asks providers whether access tokens still work (rule 12). */
export interface TokenChecker {
  /** Whether the provider can be asked, and was not asked within the connector's interval, as far as this process knows. */
  isDue(grant: StoredGrant): boolean;
  /**
   * Whether the provider refuses this access token, which nothing was known against; to be asked where a check is due. What it refuses is
   * stored as refused. Throws `SealError`.
   */
  isRefused(grant: StoredGrant, accessToken: string): Promise<boolean>;
}

export function createTokenChecker(dependencies: Dependencies): TokenChecker {
  const { clock, discovery } = dependencies;
  const checkedAt = new LRUCache<string, number>(boundedByCount(REMEMBERED_GRANTS));
  const flights = new Map<string, Promise<boolean>>();
  const keyOf = ({ authorization }: StoredGrant) => `${authorization.id} ${authorization.version}`;

  async function check(grant: StoredGrant, accessToken: string): Promise<boolean> {
    const now = clock.now();
    checkedAt.set(grant.authorization.id, now);
    if (!(await claimCheck(dependencies, grant, now))) return isRefusedByNow(dependencies, grant);
    return checkAtProvider(dependencies, grant, accessToken);
  }

  return {
    isDue(grant) {
      const { authorization, connector } = grant;
      const { protocol, checkIntervalMs } = connector;
      if (!protocol || checkIntervalMs === 0 || !isCheckable(discovery.known(protocol), knowsAccount(grant))) return false;
      const lastAt = Math.max(lastCheckOf(authorization), checkedAt.get(authorization.id) ?? 0);
      return lastAt <= clock.now() - checkIntervalMs || flights.has(keyOf(grant));
    },
    async isRefused(grant, accessToken) {
      const key = keyOf(grant);
      const flight = flights.get(key) ?? check(grant, accessToken).finally(() => flights.delete(key));
      flights.set(key, flight);
      // A store that is away says nothing about the token.
      return flight.catch((error: unknown) => {
        if (isTemporary(error)) return false;
        throw error;
      });
    },
  };
}

/** Userinfo may refuse good tokens, for another API or other scopes: it is a check where it has named the account. */
const knowsAccount = ({ authorization }: StoredGrant): boolean =>
  authorization.checked_at !== NO_USERINFO_AT && (authorization.account_id !== null || authorization.display_label !== null);

const lastCheckOf = ({ checked_at }: AuthorizationRow): number => (checked_at === NO_USERINFO_AT ? 0 : (checked_at ?? 0));

/** One check in an interval over all processes. No cache depends on this column, so no change is told. */
async function claimCheck({ database }: Dependencies, { authorization, connector }: StoredGrant, now: number): Promise<boolean> {
  const claimed = await database.query
    .updateTable("authorizations")
    .set({ checked_at: now })
    .where("id", "=", authorization.id)
    .where("version", "=", authorization.version)
    .where((row) =>
      row.or([
        row("checked_at", "is", null),
        row("checked_at", "<=", now - connector.checkIntervalMs),
        row("checked_at", "=", NO_USERINFO_AT),
      ]),
    )
    .returning("id")
    .executeTakeFirst();
  return claimed !== undefined;
}

/** Another process has checked it a moment ago, or replaced the token. */
async function isRefusedByNow({ connections }: Dependencies, { connection, authorization }: StoredGrant): Promise<boolean> {
  const current = (await connections.read(connection.id, authorization.token_kind))?.authorization;
  return current?.version !== authorization.version || current.status !== "active" || current.refused_at !== null;
}

async function checkAtProvider(dependencies: Dependencies, grant: StoredGrant, accessToken: string): Promise<boolean> {
  const { clock, log } = dependencies;
  const { authorization, connector } = grant;
  const result = await askOnce(dependencies, grant, accessToken);
  if (result === "works" && authorization.failure_kind !== null) await forgetFailure(dependencies, grant);
  if (result !== "refused") return false;
  log.info(factsOf(grant), "the provider refuses an access token before it expires");
  // The refresh is the second question.
  if (isRenewable(grant)) {
    await updateGrant(dependencies, grant, { refused_at: clock.now() });
    return true;
  }
  await clock.sleep(CONFIRM_REFUSED_MS);
  if ((await askOnce(dependencies, grant, accessToken)) !== "refused") return false;
  const verdict = {
    status: "error" as const,
    error_code: TOKEN_REJECTED_CODE,
    error_message: `${connector.name} no longer accepts this connection's token: connect again.`,
  };
  await updateGrant(dependencies, grant, verdict);
  return true;
}

/** A refresh failed before, and the token works all the same. */
async function forgetFailure(dependencies: Dependencies, grant: StoredGrant): Promise<void> {
  const columns = { failures: 0, retry_at: null, failure_kind: null, failure_code: null, failure_message: null };
  await updateGrant(dependencies, grant, columns);
}

async function askOnce(
  { discovery, telemetry, ...keys }: Keys & Pick<Dependencies, "discovery" | "telemetry">,
  grant: StoredGrant,
  accessToken: string,
) {
  const { oauth, protocol } = grant.connector;
  const client = grantClientOf(grant);
  if (!protocol || (oauth && !client)) return "unknown";
  try {
    const provider = fillFor(keys, grant, { provider: discovery.known(protocol), client });
    const limits = { timeoutMs: CHECK_TIMEOUT_MS };
    return await observeProvider(telemetry, grant.connector.slug, "check", async () => {
      if (!client) return (await checkCredential({ ...limits, provider, credential: accessToken })).result;
      return checkToken({ ...limits, provider, client, accessToken });
    });
  } catch (error) {
    // It was connected before the provider's endpoints needed the field.
    if (error instanceof FieldError) return "unknown";
    throw error;
  }
}
