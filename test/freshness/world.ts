import { parseConfig } from "../../gateway/config/config.ts";
import { systemClock } from "../../gateway/runtime/clock.ts";
import { createLog } from "../../gateway/runtime/log.ts";
import { openServices, type Services } from "../../gateway/services.ts";
import { type AuthorizationServer, startAuthorizationServer } from "../support/authorization-server.ts";
import { basicOf } from "../support/caller.ts";
import { createTestDatabase, type DatabaseKind } from "../support/databases.ts";
import type { GatewayBrowser } from "./asking.ts";
import { type Gateways, startGateways } from "./gateways.ts";
import { createRecord, type Record } from "./record.ts";

/** A credential that readers use, from when on it is good, and from when on it may be refused. */
export interface Credential {
  name: string;
  authorization: string;
  madeAt: number;
  endingSince: number | null;
}

/** A user's bearer; a session token has a session, and the browser that it is of. */
export interface Bearer extends Credential {
  session: { id: string; browser: GatewayBrowser } | null;
}

export interface User {
  id: string;
  /** The group of each version of the user, by its place: the version is their name. */
  groups: (string | null)[];
  bearers: Bearer[];
  /** What an answer without a connection shows: the version that the latest disconnect gave to the token. */
  absentVersion: number;
}

export interface World {
  gateways: Gateways;
  provider: AuthorizationServer;
  /** The test opens the store too: it is one more process, which answers no reader. */
  services: Services;
  /** Of a server whose key is never revoked. */
  admin: string;
  keys: Credential[];
  users: User[];
  record: Record;
  close(): Promise<void>;
}

export async function openWorld(kind: DatabaseKind, counts: { processes: number; users: number }): Promise<World> {
  const provider = await startAuthorizationServer();
  const database = await createTestDatabase(kind);
  const gateways = await startGateways(counts.processes, database, provider);
  const config = parseConfig(gateways.env, { path: "xkit.config.json", text: gateways.file });
  const services = await openServices(config, systemClock, createLog("silent"));
  const users = Array.from({ length: counts.users }, (_, index): User => ({
    id: `user-${index}`,
    groups: [],
    bearers: [],
    absentVersion: -1,
  }));
  return {
    gateways,
    provider,
    services,
    admin: basicOf(await services.auth.apiKeys.create("admin")),
    keys: [],
    users,
    record: createRecord(),
    async close() {
      await gateways.close();
      await services.close();
      await provider.close();
      await database.drop();
    },
  };
}

/** Tokens are numbered in the order in which the provider has made them. */
export const numberOf = ({ issuedSecrets }: AuthorizationServer, value: string): number => [...issuedSecrets].indexOf(value);

/** Above all tokens until now, below those that come. */
export const numberNow = ({ issuedSecrets }: AuthorizationServer): number => issuedSecrets.size - 0.5;
