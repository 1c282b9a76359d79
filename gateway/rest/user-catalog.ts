import { z } from "zod";
import { noSuchConnector } from "../../schema/errors.ts";
import { slugSchema } from "../../schema/input.ts";
import type { Catalog, Connector } from "../../schema/upstream.ts";
import { noInput, defineOperation, type Operation } from "./operation.ts";
import { serializeConnector, serializePlatform, serializeCatalogConnector } from "./serialize.ts";
import { wireAnswers } from "./wire-answers.ts";

const bySlug = z.object({ slug: slugSchema });

/** The platform and what it offers, without a credential and to a user (contract, "Browser endpoints"). */
export const catalogOperations: Operation[] = [
  defineOperation({
    ...noInput,
    name: "getPlatform",
    caller: "public",
    method: "get",
    path: "/platform",
    summary: "The app that runs this gateway.",
    answer: wireAnswers.platform,
    holdsNoSecret: true,
    handle: async (context) => ({ platform: serializePlatform(await context.catalog.getPlatform()) }),
  }),
  defineOperation({
    ...noInput,
    name: "listPublicConnectors",
    caller: "public",
    method: "get",
    path: "/platform/connectors",
    summary: "The catalog. Public.",
    answer: wireAnswers.publicConnectors,
    holdsNoSecret: true,
    handle: async (context) => ({ connectors: (await context.catalog.listConnectors()).map(serializeCatalogConnector) }),
  }),
  defineOperation({
    ...noInput,
    name: "getPublicConnector",
    caller: "public",
    method: "get",
    path: "/platform/connectors/{slug}",
    summary: "One connector. Public.",
    params: bySlug,
    answer: wireAnswers.publicConnector,
    holdsNoSecret: true,
    failures: [404],
    handle: async (context, { params }) => ({ connector: serializeCatalogConnector(await getConnector(context.catalog, params.slug)) }),
  }),
  defineOperation({
    ...noInput,
    name: "listConnectors",
    caller: "user",
    method: "get",
    path: "/connectors",
    summary: "The catalog, with the user's connections.",
    answer: wireAnswers.connectors,
    holdsNoSecret: true,
    async handle({ context, connections }) {
      const [connectors, all] = await Promise.all([context.catalog.listConnectors(), connections.list(null)]);
      return { connectors: connectors.map((connector) => serializeConnector(connector, all)) };
    },
  }),
  defineOperation({
    ...noInput,
    name: "getConnector",
    caller: "user",
    method: "get",
    path: "/connectors/{slug}",
    summary: "One connector, with the user's connections of it.",
    params: bySlug,
    answer: wireAnswers.connector,
    holdsNoSecret: true,
    failures: [404],
    async handle({ context, connections }, { params: { slug } }) {
      const connector = await getConnector(context.catalog, slug);
      return { connector: serializeConnector(connector, await connections.list(slug)) };
    },
  }),
];

async function getConnector(catalog: Catalog, slug: string): Promise<Connector> {
  const connector = await catalog.findConnector(slug);
  if (!connector) throw noSuchConnector(slug);
  return connector;
}
