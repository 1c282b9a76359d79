import type xkit from "@xkit-co/xkit.js";
import { vi } from "vitest";
import { APP_ORIGIN, type HttpsGateway } from "./https-gateway.ts";
import { createPageWindow, type PageWindow, type ThirdPartyCookies } from "./page-window.ts";

/** The published package, unmodified: https://www.npmjs.com/package/@xkit-co/xkit.js, 3.14.1. */
type CreateXkit = typeof xkit.default;

/** Phoenix looks at `window` once, when it is loaded, so that this one is every test's. */
const window: Record<string, unknown> = {};
const ownFetch = globalThis.fetch;

/** To be followed by `unloadXkitJs`. */
export async function loadXkitJs(): Promise<CreateXkit> {
  for (const method of ["log", "warn", "error"] as const) vi.spyOn(console, method).mockImplementation(() => {});
  vi.stubGlobal("window", window);
  // CommonJS that was once an ES module.
  const loaded: { default: CreateXkit | { default: CreateXkit } } = await import("@xkit-co/xkit.js");
  return "default" in loaded.default ? loaded.default.default : loaded.default;
}

/** Takes the globals back. */
export function unloadXkitJs(): void {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
}

/** A page of the platform before a gateway. Its globals are this process's until `unloadXkitJs`. */
export function openXkitPage(
  { domain, certificate }: Pick<HttpsGateway, "domain" | "certificate">,
  thirdPartyCookies: ThirdPartyCookies = "allowed",
): PageWindow {
  const page = createPageWindow({ origin: APP_ORIGIN, gateway: `https://${domain}`, certificate, thirdPartyCookies });
  Object.assign(window, page.globals.window);
  // The gateway lives in this process too, and its own requests go to the provider.
  const isOfPage = (input: unknown) => String(input).startsWith(`https://${domain}/`);
  vi.stubGlobal("fetch", (...[input, init]: Parameters<typeof fetch>) => (isOfPage(input) ? page.globals.fetch : ownFetch)(input, init));
  vi.stubGlobal("WebSocket", page.globals.WebSocket);
  return page;
}
