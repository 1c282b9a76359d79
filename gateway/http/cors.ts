import type { Exchange, Step } from "./pipeline.ts";

/** How long browsers may remember a CORS preflight. */
const PREFLIGHT_SECONDS = 600;

/** Pages of the platform's web origins may ask with cookies, and read every answer. Pages of other origins may not. */
export const allowWebOrigins = (isValidOrigin: (origin: string) => boolean): Step => ({
  before: (exchange) => (isPreflight(exchange) ? Promise.resolve(new Response(null, { status: 204 })) : null),
  after(exchange, { headers }) {
    const { request, surface } = exchange;
    if (surface.cors === null) return;
    headers.append("vary", "Origin");
    const origin = request.headers.get("origin");
    if (origin === null || !isValidOrigin(origin)) return;
    headers.set("access-control-allow-origin", origin);
    headers.set("access-control-allow-credentials", "true");
    headers.set("access-control-expose-headers", "retry-after");
    if (!isPreflight(exchange)) return;
    headers.set("access-control-allow-methods", surface.cors.methods);
    headers.set("access-control-allow-headers", surface.cors.headers);
    headers.set("access-control-max-age", String(PREFLIGHT_SECONDS));
  },
});

const isPreflight = ({ request, surface }: Exchange): boolean => surface.cors !== null && request.method === "OPTIONS";
