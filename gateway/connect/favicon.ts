import { Hono } from "hono";
import { accentOf } from "../../client/design/accent.ts";
import { initialOf } from "../../client/design/initials.ts";
import type { Platform } from "../../schema/upstream.ts";

export const FAVICON_PATH = "/favicon.svg";
const MAXIMUM_AGE_SECONDS = 86_400;

const escape = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** The platform's initial in its colour: a logo is seldom a square that can be read at 16 pixels. */
export function drawFavicon({ name, color }: Pick<Platform, "name" | "color">): string {
  const { "--xk-fill": fill, "--xk-on-fill": ink } = accentOf(color);
  const text = `font-family="system-ui, sans-serif" font-weight="600" font-size="19" text-anchor="middle"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="31" height="31" x=".5" y=".5" rx="8" fill="${fill}" stroke="#85858f"/><text x="16" y="22.5" fill="${ink}" ${text}>${escape(initialOf(name))}</text></svg>`;
}

/** The icon of every page. */
export function createFaviconRoute(platform: Platform): Hono {
  const image = drawFavicon(platform);
  const headers = {
    "content-type": "image/svg+xml",
    "cache-control": `public, max-age=${MAXIMUM_AGE_SECONDS}`,
    "content-security-policy": "default-src 'none'",
  };
  return new Hono().get(FAVICON_PATH, () => new Response(image, { headers }));
}
