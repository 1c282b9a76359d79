import type { CodegenConfig } from "@graphql-codegen/cli";
import { lexicographicSortSchema, printSchema } from "graphql";
import { schema } from "./schema/index.ts";

const client = ["client/api/documents/*.graphql"];
const server = ["client/server/documents/*.graphql"];

/** Typed documents, by operation. */
const typedDocuments = (documents: string[], markdown: string): CodegenConfig["generates"][string] => ({
  documents,
  preset: "client",
  presetConfig: { fragmentMasking: false },
  config: {
    enumsAsTypes: true,
    strictScalars: true,
    useTypeImports: true,
    scalars: { DateTime: "string", ID: "string", MarkdownTree: `${markdown}#MarkdownTree` },
  },
});

const config: CodegenConfig = {
  schema: printSchema(lexicographicSortSchema(schema)),
  importExtension: ".ts",
  emitLegacyCommonJSImports: false,
  generates: {
    "schema/schema.graphql": {
      plugins: ["schema-ast"],
      config: { includeDirectives: true, sort: true },
    },
    "schema/possibleTypes.json": { plugins: ["./.ci/possible-types.mjs"] },
    "gateway/graphql/client-operations.ts": {
      documents: [...client, ...server],
      plugins: ["./.ci/client-operations.mjs"],
    },
    "client/generated/": typedDocuments(client, "../markdown/tree.ts"),
    "client/server/generated/": typedDocuments(server, "../../markdown/tree.ts"),
  },
};

export default config;
