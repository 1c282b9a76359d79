import { GatewayError } from "../../schema/errors.ts";
import type { PlatformAccess, Viewer } from "../../schema/upstream.ts";

interface Dependencies {
  /** The user whom the cookie of a request names, or null. */
  findViewer(request: Request): Promise<Viewer | null>;
  provisionUser: PlatformAccess["provisionUser"];
}

/** In development, a bearer for the user who followed the sign-in link in this browser, or null: then the page is good without one, too. */
export async function findDevelopmentBearer({ findViewer, provisionUser }: Dependencies, request: Request): Promise<string | null> {
  try {
    const viewer = await findViewer(request);
    return viewer && (await provisionUser({ id: viewer.userId })).token;
  } catch (error) {
    // Before an upstream that is away, or without its key pair.
    if (error instanceof GatewayError) return null;
    throw error;
  }
}
