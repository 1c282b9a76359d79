import { z } from "zod";
import { externalIdSchema, slugSchema } from "../../schema/input.ts";
import type { Connection, ConnectionFilter, Health, Page } from "../../schema/upstream.ts";
import type { Config } from "../config/config.ts";
import type { Services } from "../services.ts";
import { stateOf } from "./connections.ts";
import { parseSince } from "./parse-since.ts";
import { requireArgument, UsageError } from "./usage-error.ts";
import { withVault } from "./with-vault.ts";

/** Which connections are listed: those that match every filter. */
export interface ConnectionsOptions {
  /** A connector's slug. */
  connector?: string;
  /** As `connections show` prints it: `reconnect_required`. */
  health?: string;
  /** A user's id in the platform's system: their own connections. */
  user?: string;
  /** A group's id. */
  group?: string;
  /** Changed since a time or an age. The list is then in the order of changes. */
  since?: string;
  /** Whether to print each connection as one line of JSON. */
  json?: boolean;
}

/** Connections read at a time. */
const BATCH_ROWS = 500;

const healths: readonly Health[] = ["working", "unavailable", "misconfigured", "reconnect_required"];
const healthSchema = z.enum(healths, `must be one of ${healths.join(", ")}`);

/** `connections list`: a line for each connection of all users and groups, as they are read. Never a token. */
export async function listConnections(
  services: Pick<Services, "database" | "sealer" | "macs" | "audit">,
  config: Config,
  options: ConnectionsOptions,
  print: (line: string) => void = console.log,
): Promise<void> {
  const filter = parseFilter(options, services.database.clock.now());
  if (config.upstream.kind !== "vault") throw new UsageError("This gateway's upstream holds its connections: list them there.");
  await withVault(services, config, async ({ listConnections: list }) => {
    let after: string | null = null;
    let isEmpty = true;
    do {
      const page: Page<Connection> | undefined = await list?.(filter, { first: BATCH_ROWS, after });
      for (const { item } of page?.items ?? []) print(options.json ? JSON.stringify(item) : toLine(item));
      isEmpty &&= !page?.items.length;
      after = page?.next ?? null;
    } while (after !== null);
    if (isEmpty && !options.json) print("No connections.");
  });
}

function parseFilter({ connector, health, user, group, since }: ConnectionsOptions, now: number): ConnectionFilter {
  if (user !== undefined && group !== undefined) throw new UsageError("connections list accepts --user or --group, not both.");
  return {
    ...(connector !== undefined && { connector: requireArgument("--connector", slugSchema.safeParse(connector)) }),
    ...(health !== undefined && { health: requireArgument("--health", healthSchema.safeParse(health)) }),
    ...(user !== undefined && { owner: { kind: "user", id: requireArgument("--user", externalIdSchema.safeParse(user)) } }),
    ...(group !== undefined && { owner: { kind: "group", id: requireArgument("--group", externalIdSchema.safeParse(group)) } }),
    ...(since !== undefined && { updatedSince: parseSince(since, now) }),
  };
}

function toLine(connection: Connection): string {
  const { id, connector, owner, authorization } = connection;
  const health = authorization?.health && [authorization.health, authorization.healthCode].filter(Boolean).join(": ");
  return [id, connector.slug, `${owner.kind} ${owner.id}`, stateOf(connection), health].filter(Boolean).join("  ");
}
