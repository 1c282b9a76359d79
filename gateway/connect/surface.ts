import { toProblem } from "../http/failure.ts";
import type { Surface } from "../http/pipeline.ts";
import { type Pages, renderFailurePage, renderWayToCatalog } from "./page.ts";

/** How failures of the pages are written: as a page, with a way back, or as JSON for what takes no HTML. */
export function pageSurfaceOf(pages: Pages): Surface {
  return {
    cors: null,
    challenge: null,
    toBody: toProblem,
    toPage: (request, failure, headers) => renderFailurePage(pages, request, failure, { body: renderWayToCatalog(request), headers }),
  };
}
