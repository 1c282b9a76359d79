import { Hono } from "hono";
import { GatewayError, unauthenticated } from "../../schema/errors.ts";
import type { Metrics } from "../runtime/metrics.ts";
import type { Routed } from "./pipeline.ts";

interface Dependencies {
  metrics: Pick<Metrics, "print">;
  /** Resolves when the gateway can do its work. Throws what keeps it from that. */
  checkReady(): Promise<unknown>;
  publicJwks(): Promise<object>;
}

/** What operators and verifiers ask: liveness, readiness, metrics, and the keys that sign user tokens. */
export function createOperatorRoutes({ metrics, checkReady, publicJwks }: Dependencies): Hono<Routed> {
  const routes = new Hono<Routed>();
  routes.get("/healthz", () => Response.json({ status: "alive" }));
  routes.get("/readyz", async () => {
    try {
      await checkReady();
    } catch (error) {
      const message = error instanceof GatewayError ? error.message : "The store cannot be reached.";
      return Response.json({ error: message, code: "TEMPORARILY_UNAVAILABLE" }, { status: 503 });
    }
    return Response.json({ status: "ready" });
  });
  routes.get("/metrics", async ({ env }) => {
    const principal = await env.authenticate().catch(() => null);
    if (principal?.kind !== "platform") throw unauthenticated("Metrics are for operators: send an API key as Authorization: Basic.");
    return metrics.print();
  });
  routes.get("/.well-known/jwks.json", async () =>
    Response.json(await publicJwks(), { headers: { "cache-control": "public, max-age=300" } }),
  );
  return routes;
}
