import { html } from "hono/html";
import { toProblem } from "../http/failure.ts";
import type { Surface } from "../http/pipeline.ts";
import { type Pages, renderFailurePage } from "./page.ts";

/** How failures of the pages are written: as a page, with a way back, or as JSON for what takes no HTML. */
export function pageSurfaceOf(pages: Pages, publicUrl: string): Surface {
  const body = html`<a class="quiet" href="${publicUrl}/">Back to the connectors</a>`;
  return {
    cors: null,
    challenge: null,
    toBody: toProblem,
    toPage: (request, failure, headers) => renderFailurePage(pages, request, failure, { body, headers }),
  };
}
