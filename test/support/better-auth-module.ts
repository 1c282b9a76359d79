/** A module as `XKIT_BETTER_AUTH_MODULE` names it: an app's better-auth, here in memory. */
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import type { BetterAuthUpstreamOptions } from "../../gateway/upstream/better-auth/index.ts";

export const auth = betterAuth({
  baseURL: "http://app.localhost:3000",
  secret: "a-secret-of-the-tests-with-Entropy-0123456789",
  database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
  logger: { level: "error", log() {} },
  telemetry: { enabled: false },
  socialProviders: { github: { clientId: "an-id", clientSecret: "a-secret" } },
});

export const xkit = { connectPage: "https://app.acme.example/settings" } satisfies BetterAuthUpstreamOptions;
