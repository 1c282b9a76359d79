import { Hono } from "hono";
import { GatewayError, unauthenticated } from "../../schema/errors.ts";
import type { Metrics } from "../runtime/metrics.ts";
import { answerCompressed } from "./compress.ts";
import { nullWhenRefused } from "./failure.ts";
import type { Routed } from "./pipeline.ts";

interface Dependencies {
  metrics: Pick<Metrics, "serialize">;
  /** Resolves when the gateway can do its work, with what is degraded all the same, or null. Throws what keeps it from its work. */
  checkReady(): Promise<string | null>;
  publicJwks(): Promise<object>;
}

/** What operators and verifiers ask: liveness, readiness, metrics, and the keys that sign user tokens. */
export function createOperatorRoutes({ metrics, checkReady, publicJwks }: Dependencies): Hono<Routed> {
  const routes = new Hono<Routed>();
  routes.get("/healthz", () => Response.json({ status: "alive" }));
  routes.get("/readyz", async () => {
    try {
      const degradation = await checkReady();
      return Response.json(degradation === null ? { status: "ready" } : { status: "degraded", reason: degradation });
    } catch (error) {
      const message = error instanceof GatewayError ? error.message : "The store cannot be reached.";
      return Response.json({ error: message, code: "TEMPORARILY_UNAVAILABLE" }, { status: 503 });
    }
  });
  routes.get("/metrics", async ({ env, req }) => {
    const principal = await env.authenticate().catch(nullWhenRefused);
    if (principal?.kind !== "platform") throw unauthenticated("Metrics need an API key: send it as Authorization: Basic.");
    const answer = await metrics.serialize();
    return answerCompressed(req.raw, await answer.text(), Object.fromEntries(answer.headers));
  });
  routes.get("/.well-known/jwks.json", async () =>
    Response.json(await publicJwks(), { headers: { "cache-control": "public, max-age=300" } }),
  );
  return routes;
}
