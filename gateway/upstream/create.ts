import type { Auth } from "../auth/index.ts";
import type { UpstreamConfig } from "../config/upstream.ts";
import { createOwnUsers } from "./own-users.ts";
import { createRelayedUsers } from "./relayed-users.ts";
import type { Adapter, Upstream } from "./upstream.ts";
import { createVaultAdapter, type VaultAdapterOptions } from "./vault.ts";
import { wrapAdapter, type WrapOptions } from "./wrap.ts";

export interface UpstreamOptions extends VaultAdapterOptions, Pick<WrapOptions, "countOutcome"> {
  auth: Auth;
}

/** An upstream may wait for a provider first, and then answers within this. */
const UPSTREAM_MARGIN_MS = 5_000;

/** Opens the upstream that the configuration names. */
export const createUpstream = async (config: UpstreamConfig, options: UpstreamOptions): Promise<Upstream> =>
  wrapAdapter(await openAdapter(config, options), { origins: options.auth.origins, countOutcome: options.countOutcome });

/** The only switch on the kind of an upstream. */
async function openAdapter(config: UpstreamConfig, options: UpstreamOptions): Promise<Adapter> {
  if (config.kind === "vault") {
    const { vault, forUser, ...holder } = await createVaultAdapter(options);
    const { callerOf, ...users } = createOwnUsers(options.auth, forUser);
    return { ...holder, users, pages: { vault, callerOf } };
  }
  // Its HTTP client is a megabyte of code: loaded where it is used.
  const { createXkitAdapter } = await import("./xkit/adapter.ts");
  const { relay, ...holder } = createXkitAdapter({ ...options, ...config, timeoutMs: options.timeoutMs + UPSTREAM_MARGIN_MS });
  return { ...holder, users: createRelayedUsers({ ...options, relay }), pages: null };
}
