import { openerPolicyOf } from "./opener-policy.ts";
import type { Step } from "./pipeline.ts";

/** For every answer that says nothing else: a cached asset says how long it may be kept, a page where its forms may lead. */
const defaults: readonly (readonly [string, string])[] = [
  ["cache-control", "no-store"],
  ["referrer-policy", "no-referrer"],
  ["x-content-type-options", "nosniff"],
  ["x-frame-options", "DENY"],
];

/** Adds the security headers that an answer does not set itself. */
export const addSecurityHeaders: Step = (next) => async (exchange) => {
  const response = await next(exchange);
  for (const [name, value] of defaults) if (!response.headers.has(name)) response.headers.set(name, value);
  // Pages alone have openers; other surfaces are asked by scripts and servers.
  const openerPolicy = exchange.surface.cors === null ? openerPolicyOf(new URL(exchange.request.url)) : null;
  if (openerPolicy !== null) response.headers.set("cross-origin-opener-policy", openerPolicy);
  return response;
};
