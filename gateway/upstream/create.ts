import type { UpstreamConfig } from "../config/upstream.ts";
import type { Upstream } from "./upstream.ts";
import { createVaultUpstream, type VaultUpstreamOptions } from "./vault.ts";

/** An upstream may wait for a provider first, and then answers within this. */
const UPSTREAM_MARGIN_MS = 5_000;

/** Opens the upstream that the configuration names. Here, and nowhere else, its kind makes a difference. */
export async function createUpstream(config: UpstreamConfig, options: VaultUpstreamOptions): Promise<Upstream> {
  if (config.kind === "vault") return createVaultUpstream(options);
  // Its HTTP client is a megabyte of code: loaded where it is used.
  const { createXkitUpstream } = await import("./xkit/adapter.ts");
  return createXkitUpstream({ ...options, ...config, timeoutMs: options.timeoutMs + UPSTREAM_MARGIN_MS });
}
