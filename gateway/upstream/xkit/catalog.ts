import type { Catalog } from "../../../schema/upstream.ts";
import { connectorFromAnswer, platformFromAnswer } from "./from-wire.ts";
import { orNull } from "./or-null.ts";
import { answers } from "./response-schemas.ts";
import type { RestClient, RestRequest } from "./rest-client.ts";

const get = (...path: string[]): RestRequest => ({ method: "GET", path: ["api", "platform_user", "platform", ...path], credential: null });

/** The upstream's catalog, which is read without a credential. */
export function createCatalog({ ask }: Pick<RestClient, "ask">, url: string): Catalog {
  return {
    async getPlatform() {
      return platformFromAnswer((await ask(get(), answers.platform)).body.platform);
    },
    async listConnectors() {
      const { connectors } = (await ask(get("connectors"), answers.connectors)).body;
      return connectors.map((connector) => connectorFromAnswer(connector, url));
    },
    async findConnector(slug) {
      const answer = await orNull(ask(get("connectors", slug), answers.connector));
      return answer && connectorFromAnswer(answer.body.connector, url);
    },
  };
}
