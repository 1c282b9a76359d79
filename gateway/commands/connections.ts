import { idSchema } from "../../schema/input.ts";
import type { Connection, ConnectionRefresh } from "../../schema/upstream.ts";
import type { Config } from "../config/config.ts";
import { theOperator } from "../custody/audit-event.ts";
import { aboutConnection } from "../custody/request-audit.ts";
import type { Services } from "../services.ts";
import type { PrintOptions } from "./print-rows.ts";
import { CommandError, requireArgument, UsageError } from "./usage-error.ts";
import { withConnectors } from "./with-services.ts";
import { withVault } from "./with-vault.ts";

/** What a command does with a connection. */
export type ConnectionAction = "show" | "disconnect" | "refresh" | "disable" | "enable";

/** `connections show` and the like: prints the connection as it is afterwards, never a token. Exits with 1 if a refresh gave no token. */
export const runConnectionAction = (action: ConnectionAction, id: string, { json = false }: PrintOptions): Promise<void> =>
  withConnectors(async (services, config) => {
    const acted = await actOnConnection(services, config, action, id);
    console.log(json ? JSON.stringify(acted, null, 2) : formatConnection(acted));
    if ("status" in acted && acted.status !== "refreshed" && acted.status !== "still_fresh") process.exitCode = 1;
  });

type Acted = { connection: Connection } | ConnectionRefresh;

/** Does what a server may do. Throws `CommandError` if no connection has the id, and `UsageError` if an upstream holds the connections. */
export async function actOnConnection(
  services: Pick<Services, "database" | "sealer" | "macs" | "audit">,
  config: Config,
  action: ConnectionAction,
  given: string,
): Promise<Acted> {
  const id = requireArgument("connection_id", idSchema.safeParse(given));
  if (config.upstream.kind !== "vault") throw new UsageError("This gateway's upstream holds its connections: change them there.");
  return withVault(services, config, async (vault) => {
    if (action === "show") return { connection: found((await vault.findConnection?.({ id })) ?? null) };
    const acted: Acted =
      action === "refresh" ? found(await vault.actions.refresh(id)) : { connection: found(await vault.actions[action](id)) };
    const outcome = "status" in acted ? acted.status : "done";
    services.audit.record({ action: `connection.${action}`, actor: theOperator, ...aboutConnection(acted.connection), outcome });
    return acted;
  });
}

function found<Answer>(answer: Answer | null): Answer {
  if (answer === null) throw new CommandError("No connection has this id, or the configuration no longer has its connector.");
  return answer;
}

/** For people: a line for each known fact. */
export function formatConnection(acted: Acted): string {
  const { id, connector, owner, authorization, createdAt } = acted.connection;
  const lines: [string, string | null | undefined][] = [
    ["connection", id],
    ["connector", connector.slug],
    [owner.kind, owner.id],
    ["state", stateOf(acted.connection)],
    ["created", createdAt?.toISOString()],
    ["account", authorization?.displayLabel],
    ["grant", authorization?.status],
    ["health", authorization?.health && [authorization.health, authorization.healthCode].filter(Boolean).join(": ")],
    ["connected", authorization?.connectedAt?.toISOString()],
    ["scopes", authorization?.scopes.join(" ")],
    ["token until", authorization?.expiresAt?.toISOString()],
    ...("status" in acted ? ([["refresh", `${acted.status}: ${acted.message}`]] as const).map((line): [string, string] => [...line]) : []),
  ];
  const known = lines.filter(([, value]) => value);
  const width = Math.max(...known.map(([name]) => name.length));
  return known.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join("\n");
}

/** The state of a connection, in a few words. */
export function stateOf({ enabled, disabledAt }: Connection): string {
  if (disabledAt) return `disabled since ${disabledAt.toISOString()}`;
  return enabled ? "enabled" : "not connected";
}
