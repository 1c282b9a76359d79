import { toProblem } from "../http/failure.ts";
import type { Surface } from "../http/pipeline.ts";

const cors = { methods: "GET,POST,PUT,DELETE", headers: "authorization,content-type,accept,xkit-js-version,x-purpose" };

/** What servers ask, by their key pairs. */
const platformSurface: Surface = { cors, challenge: 'Basic realm="xkit"', toBody: toProblem };
/** What pages ask. A 401 there must never make the browser ask for a password. */
const userSurface: Surface = { cors, challenge: "Bearer", toBody: toProblem };

/** How failures of the REST contract are written, by path. */
export const restSurfaceOf = (pathname: string): Surface => (pathname.startsWith("/api/platform/") ? platformSurface : userSurface);
