import { createHash, createHmac } from "node:crypto";
import { findIntegration, type EndUser, type HeldConnection, type State } from "./state.ts";

/** Something that happened to a connection, or to one that was not made. */
export interface Event {
  held: Pick<HeldConnection, "connectionId" | "providerConfigKey"> & Partial<Pick<HeldConnection, "tags">>;
  operation: "creation" | "override" | "refresh";
  endUser?: EndUser | null;
  /** Left out where it succeeded. */
  error?: { type: string; description: string };
}

export interface Webhooks {
  /** Where they are sent; null: nowhere. */
  url: string | null;
  readonly signingKey: string;
  /** What was sent, and how it was answered, oldest first. */
  readonly deliveries: readonly { body: string; status: number }[];
  /** Sends an event of the type `auth`. Resolves once it is delivered, which Nango itself does not wait for. */
  tell(event: Event): Promise<void>;
}

/** `X-Nango-Hmac-Sha256` of a body, and the header that came before it. */
export const signaturesOf = (body: string, key: string): Record<string, string> => ({
  "x-nango-hmac-sha256": createHmac("sha256", key).update(body).digest("hex"),
  "x-nango-signature": createHash("sha256").update(`${key}${body}`).digest("hex"),
});

export function createWebhooks(state: State, signingKey: string): Webhooks {
  const deliveries: { body: string; status: number }[] = [];
  return {
    url: null,
    signingKey,
    deliveries,
    async tell(event) {
      if (this.url === null) return;
      const body = JSON.stringify(bodyOf(state, event));
      const headers = { "content-type": "application/json", ...signaturesOf(body, signingKey) };
      const response = await fetch(this.url, { method: "POST", body, headers, redirect: "manual" });
      await response.arrayBuffer();
      deliveries.push({ body, status: response.status });
    },
  };
}

function bodyOf(state: State, { held, operation, endUser, error }: Event): object {
  const integration = findIntegration(state, held.providerConfigKey);
  return {
    from: "nango",
    type: "auth",
    connectionId: held.connectionId,
    providerConfigKey: held.providerConfigKey,
    authMode: integration?.authMode ?? "OAUTH2",
    provider: integration?.provider ?? "unknown",
    environment: "dev",
    operation,
    success: error === undefined,
    ...(held.tags && { tags: held.tags }),
    ...(endUser && {
      endUser: { endUserId: endUser.id, endUserEmail: endUser.email, organizationId: endUser.organization?.id, tags: {} },
    }),
    ...(error && { error }),
  };
}
