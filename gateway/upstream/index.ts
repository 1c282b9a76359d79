import type { Catalog, PlatformAccess, Viewer, ViewerConnections } from "../../schema/upstream.ts";

/** A signed-in user, and what an adapter may need to act for them. */
export interface Asker {
  viewer: Viewer;
  /** The very bearer that the user sent. */
  credential: string;
  /** What the browser-binding cookie holds; made and sent when there is none. */
  browser: () => string;
  /** Whether the user is still signed in, and still in the same group. */
  stillAllowed: () => Promise<boolean>;
}

/** An adapter: whoever holds the tokens, as the gateway uses it. */
export interface Upstream {
  catalog: Catalog;
  forUser(asker: Asker): ViewerConnections;
  forPlatform(): PlatformAccess;
}
