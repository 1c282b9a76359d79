import type { UpstreamConfig } from "../config/upstream.ts";
import type { AccessTokenOutcome } from "../../schema/upstream.ts";
import { observeOutcomes } from "./observe.ts";
import type { Upstream } from "./upstream.ts";
import { createVaultUpstream, type VaultUpstreamOptions } from "./vault.ts";

export interface UpstreamOptions extends VaultUpstreamOptions {
  /** Called with the outcome of each question for an access token. */
  countOutcome(this: void, type: AccessTokenOutcome["type"]): void;
}

/** An upstream may wait for a provider first, and then answers within this. */
const UPSTREAM_MARGIN_MS = 5_000;

/** Opens the upstream that the configuration names. */
export const createUpstream = async (config: UpstreamConfig, options: UpstreamOptions): Promise<Upstream> =>
  observeOutcomes(await createAdapter(config, options), options.countOutcome);

/** The only switch on the kind of an upstream. */
async function createAdapter(config: UpstreamConfig, options: UpstreamOptions): Promise<Upstream> {
  if (config.kind === "vault") return createVaultUpstream(options);
  // Its HTTP client is a megabyte of code: loaded where it is used.
  const { createXkitUpstream } = await import("./xkit/adapter.ts");
  return createXkitUpstream({ ...options, ...config, timeoutMs: options.timeoutMs + UPSTREAM_MARGIN_MS });
}
