import { openerPolicyOf } from "./opener-policy.ts";
import type { Step } from "./pipeline.ts";

/** For every answer that says nothing else: a cached asset says how long it may be kept, a page where its forms may lead. */
const defaults: readonly (readonly [string, string])[] = [
  ["cache-control", "no-store"],
  ["referrer-policy", "no-referrer"],
  ["x-content-type-options", "nosniff"],
  ["x-frame-options", "DENY"],
];

/** How long browsers are to reach this host by https alone: a year. */
const STRICT_TRANSPORT_SECONDS = 31_536_000;

/**
 * Adds the security headers that an answer does not set itself.
 * @param strictTransport whether browsers are told to reach this host by https alone (RFC 6797). Subdomains are not included: they may be other services.
 */
export const addSecurityHeaders = ({ strictTransport }: { strictTransport: boolean }): Step => ({
  after({ surface, request }, { headers }) {
    for (const [name, value] of defaults) if (!headers.has(name)) headers.set(name, value);
    if (strictTransport) headers.set("strict-transport-security", `max-age=${STRICT_TRANSPORT_SECONDS}`);
    // Only pages have openers: scripts and servers use the other surfaces.
    const openerPolicy = surface.cors === null ? openerPolicyOf(new URL(request.url)) : null;
    if (openerPolicy !== null) headers.set("cross-origin-opener-policy", openerPolicy);
  },
});
