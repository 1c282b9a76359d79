import type { Auth } from "../auth/index.ts";
import { ConfigError } from "../config/config.ts";
import type { UpstreamConfig } from "../config/upstream.ts";
import type { OpenUpstream } from "./outside/adapter.ts";
import { openOutside } from "./outside/open.ts";
import { createOwnPlatform, createOwnUsers } from "./own-users.ts";
import { createRelayedUsers } from "./relayed-users.ts";
import type { Adapter, Upstream } from "./upstream.ts";
import { createVaultAdapter, type VaultAdapterOptions } from "./vault.ts";
import { wrapAdapter, type WrapOptions } from "./wrap.ts";

export interface UpstreamOptions extends VaultAdapterOptions, Pick<WrapOptions, "createUserLimit"> {
  auth: Auth;
  /** An adapter from outside, in place of what the configuration names. */
  open?: OpenUpstream | undefined;
}

/** An upstream may wait for a provider first, and then answers within this. */
const UPSTREAM_MARGIN_MS = 5_000;

/**
 * Opens the upstream that is handed in, else the one that the configuration names.
 * Throws `ConfigError` where the configuration states what a handed-in upstream decides, or names a module that is not there.
 */
export const createUpstream = async (config: UpstreamConfig, options: UpstreamOptions): Promise<Upstream> =>
  wrapAdapter(await openAdapter(config, options), { ...options, origins: options.auth.origins });

/** The only switch on the kind of an upstream. What `wrapAdapter` is given comes from here alone. */
async function openAdapter(config: UpstreamConfig, options: UpstreamOptions): Promise<Adapter> {
  if (options.open) {
    assertUnused(config, options);
    return openOutside(options.open, options);
  }
  if (config.kind === "vault") {
    const { vault, forUser, ...holder } = await createVaultAdapter(options);
    const { callerOf, ...users } = createOwnUsers(options.auth, forUser, { sharesReads: true, clock: options.clock });
    return { ...holder, users, pages: { vault, callerOf }, webhook: null };
  }
  if (config.kind === "better-auth") {
    const { loadBetterAuth } = await import("./better-auth/load.ts");
    return openOutside(await loadBetterAuth(config.module), options);
  }
  const timeoutMs = options.timeoutMs + UPSTREAM_MARGIN_MS;
  if (config.kind === "nango") {
    const { createNangoAdapter } = await import("./nango/adapter.ts");
    const { forUser, ...adapter } = createNangoAdapter({ ...options, ...config, timeoutMs });
    const { callerOf: _pages, ...users } = createOwnUsers(options.auth, forUser);
    return { ...adapter, users, pages: null };
  }
  // Its HTTP client is a megabyte of code: loaded where it is used.
  const { createXkitAdapter } = await import("./xkit/adapter.ts");
  const { relay, forOwnUser, ...holder } = createXkitAdapter({ ...options, ...config, timeoutMs });
  if (config.users === "ours") {
    const { callerOf: _pages, ...users } = createOwnUsers(options.auth, forOwnUser);
    const forPlatform: Adapter["forPlatform"] = (clientAddress) => {
      const { connectionsOf, connectionActions } = holder.forPlatform(clientAddress);
      return { ...createOwnPlatform(options.auth, connectionsOf), connectionActions };
    };
    return { ...holder, users, forPlatform, pages: null, webhook: null };
  }
  return { ...holder, users: createRelayedUsers({ ...options, relay }), pages: null, webhook: null };
}

/** What a configuration states and a handed-in upstream decides: silence would let an operator think that it counts. */
function assertUnused({ kind }: UpstreamConfig, { connectors, webhooks }: Pick<UpstreamOptions, "connectors" | "webhooks">): void {
  const problems = [
    ...(kind === "vault" ? [] : [`XKIT_UPSTREAM=${kind} must be left out if createApp is given an upstream`]),
    ...(connectors.size === 0 ? [] : ["connectors must be empty if createApp is given an upstream: its adapter lists them"]),
    ...(webhooks.length === 0
      ? []
      : ["webhooks must be empty if createApp is given an upstream: only connections that this gateway holds have events"]),
  ];
  if (problems.length > 0) throw new ConfigError(problems);
}
