import type { Catalog, Connector, Platform } from "../../../schema/upstream.ts";
import { asked } from "./asked.ts";
import type { ReadEntries } from "./entries.ts";
import { connectorFromAnswer, platformFromAnswer } from "./from-wire.ts";
import { orNull } from "./or-null.ts";
import { answers, entrySchemas } from "./response-schemas.ts";
import type { Ask, Begin } from "./operation.ts";
import type { RestRequest } from "./rest-client.ts";

const get = (...path: string[]): RestRequest => ({ method: "GET", path: ["api", "platform_user", "platform", ...path], credential: null });

/** The upstream's catalog, which is read without a credential. */
export const createCatalog = (begin: Begin, publicUrl: string, readEntries: ReadEntries): Catalog => ({
  getPlatform: () => getPlatform(begin().ask),
  async listConnectors() {
    const { connectors } = (await begin().ask(get("connectors"), answers.connectors)).body;
    return readEntries("connector", connectors, entrySchemas.connector).map((connector) => connectorFromAnswer(connector, publicUrl));
  },
  findConnector: (slug) => findConnector(begin().ask, slug, publicUrl),
});

export const getPlatform = async (ask: Ask): Promise<Platform> => platformFromAnswer((await ask(get(), answers.platform)).body.platform);

/** A connector, within an operation that has begun. */
export async function findConnector(ask: Ask, slug: string, publicUrl: string): Promise<Connector | null> {
  const answer = await orNull(ask(get("connectors", slug), asked.connector(slug)));
  return answer && connectorFromAnswer(answer.body.connector, publicUrl);
}
