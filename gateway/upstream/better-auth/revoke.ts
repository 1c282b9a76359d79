import { withTimeout } from "../../runtime/with-timeout.ts";
import type { UpstreamRuntime } from "../outside/adapter.ts";
import type { Account } from "./accounts.ts";
import type { BetterAuthUpstreamOptions } from "./options.ts";

/** Ends a grant at its provider. Never throws. */
export type Revoke = (
  account: Pick<Account, "id" | "providerId">,
  tokens: { accessToken: string | null; refreshToken: string | null },
) => Promise<void>;

/** Where the app does not say how, grants are left alive at their providers: better-auth revokes none. */
export const createRevoke =
  (
    { revoke }: Pick<BetterAuthUpstreamOptions, "revoke">,
    { log, providerTimeoutMs }: Pick<UpstreamRuntime, "log" | "providerTimeoutMs">,
  ): Revoke =>
  async ({ id, providerId }, tokens) => {
    if (!revoke) return;
    const ask = async () => revoke({ connector: providerId, ...tokens });
    const revoking = ask().catch((err: unknown) =>
      log.warn({ account: id, connector: providerId, err }, "the grant cannot be revoked at the provider"),
    );
    await withTimeout(revoking, providerTimeoutMs);
  };
