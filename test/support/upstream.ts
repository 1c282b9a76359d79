import type { Auth } from "../../gateway/auth/index.ts";
import type { Clock } from "../../gateway/runtime/clock.ts";
import { type IdentifiedUser, identify, openUpstream } from "../../gateway/upstream-suite/open.ts";
import type { Upstream } from "../../gateway/upstream/upstream.ts";
import type { AuthorizationServer } from "./authorization-server.ts";
import { createTestDatabase } from "./databases.ts";
import { createTestConfig } from "./test-app.ts";

/** An Xkit upstream, and its users by their bearers. */
export interface OpenXkit {
  upstream: Upstream;
  identify(bearer: string): Promise<IdentifiedUser>;
  /** Where users are the gateway's own: makes one known, and a bearer of theirs. */
  provision: Auth["provisionUser"];
  close(): Promise<void>;
}

/** Opens the upstream of a gateway with `XKIT_UPSTREAM=xkit`. */
export async function openXkit(
  { url, keys }: { url: string; keys: { publishable: string; secret: string } },
  provider: AuthorizationServer,
  clock: Clock,
  users: "relayed" | "ours" = "relayed",
): Promise<OpenXkit> {
  const database = await createTestDatabase("sqlite");
  const env = {
    XKIT_UPSTREAM: "xkit",
    XKIT_UPSTREAM_URL: url,
    XKIT_UPSTREAM_PUBLISHABLE_KEY: keys.publishable,
    XKIT_UPSTREAM_SECRET_KEY: keys.secret,
    XKIT_UPSTREAM_USERS: users,
  };
  const config = createTestConfig(provider, database, { file: { connectors: [] }, env });
  const { services, upstream, close } = await openUpstream(config, clock);
  return {
    upstream,
    provision: services.auth.provisionUser,
    identify: (bearer) => identify({ services, upstream }, bearer),
    async close() {
      await close();
      await database.drop();
    },
  };
}
