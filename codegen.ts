import type { CodegenConfig } from "@graphql-codegen/cli";
import { lexicographicSortSchema, printSchema } from "graphql";
import { schema } from "./schema/index.ts";

const config: CodegenConfig = {
  schema: printSchema(lexicographicSortSchema(schema)),
  documents: ["client/api/documents/*.graphql"],
  importExtension: ".ts",
  emitLegacyCommonJSImports: false,
  generates: {
    "schema/schema.graphql": {
      plugins: ["schema-ast"],
      config: { includeDirectives: true, sort: true },
    },
    "gateway/graphql/client-operations.ts": {
      plugins: ["./.ci/client-operations.mjs"],
    },
    "client/generated/": {
      preset: "client",
      presetConfig: { fragmentMasking: false },
      config: {
        enumsAsTypes: true,
        strictScalars: true,
        useTypeImports: true,
        scalars: { DateTime: "string", ID: "string" },
      },
    },
  },
};

export default config;
