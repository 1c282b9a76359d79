import type { Catalog } from "../../schema/upstream.ts";
import type { Clock } from "../runtime/clock.ts";
import { imageOriginsOf } from "../http/image-origins.ts";

/** How long the origins are taken for current, also when they could not be read. */
const LIFE_MS = 60_000;
/** How long a page waits for them: without logos it is still a page. */
const READ_WAIT_MS = 1_000;

/** Answers where the catalog's logos come from: as it says now or said last; nowhere when it has never said. Never throws. */
export function createLogoOrigins(catalog: Catalog, clock: Clock): () => Promise<readonly string[]> {
  let origins: readonly string[] = [];
  let readAt = -Infinity;
  let reading = Promise.resolve();

  async function read(): Promise<void> {
    try {
      const [platform, connectors] = await Promise.all([catalog.getPlatform(), catalog.listConnectors()]);
      origins = imageOriginsOf([platform.logoUrl, platform.logoDarkUrl ?? null, ...connectors.map(({ markUrl }) => markUrl)]);
    } catch {
      // The upstream is away, which the page says itself. Its adapter has logged it.
    }
  }

  return async () => {
    const now = clock.now();
    if (now - readAt >= LIFE_MS) {
      readAt = now;
      reading = read();
    }
    await Promise.race([reading, clock.until(now + READ_WAIT_MS)]);
    return origins;
  };
}
