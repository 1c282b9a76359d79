import { isActionPage } from "./action-path.ts";
import type { Step } from "./pipeline.ts";
import { refuse } from "./refuse.ts";

/** How browsers mark a prefetch (fetch.spec.whatwg.org, "Sec-Purpose"), now and formerly. */
const purposeHeaders = ["sec-purpose", "purpose", "x-purpose", "x-moz"];

/** A page that starts or finishes something is for a person who opens it: `HEAD` is answered 405, and a prefetch 503, which is not kept. */
export const refusePreviews: Step = {
  before(exchange) {
    const { request, pathname, surface } = exchange;
    if (surface.cors !== null || !isActionPage(pathname)) return null;
    if (request.method === "HEAD") {
      const message = "Opening this address has an effect, so it does not support HEAD: use GET.";
      return refuse(exchange, { status: 405, code: "BAD_USER_INPUT", message, facts: {} }, { allow: "GET, POST" });
    }
    const isPrefetch = purposeHeaders.some((name) => /\b(prefetch|prerender|preview)\b/i.test(request.headers.get(name) ?? ""));
    if (!isPrefetch) return null;
    const message = "Opening this address has an effect, so it cannot be prefetched.";
    return refuse(exchange, { status: 503, code: "TEMPORARILY_UNAVAILABLE", message, facts: {} }, { "cache-control": "no-store" });
  },
};
