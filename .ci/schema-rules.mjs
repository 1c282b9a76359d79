/** ESLint's configuration for the contract: every rule of graphql-eslint for schemas and for Relay, but for those that are off for a reason. */
import graphql from "@graphql-eslint/eslint-plugin";

const off = {
  alphabetize: "graphql-js prints the file, in its own order",
  "strict-id-in-types": "values, pages, outcomes and payloads are no objects of their own; those that are implement Node",
  "relay-arguments": "it takes the type Connection, an owner's link to a connector, for a page",
  "relay-connection-types": "it takes the type Connection for a page",
  "no-typename-prefix": "Connector.connectorUrl is published, and Node.nodeId is what Relay is told to look for",
  "no-root-type": "there are mutations and subscriptions",
  "input-name": "the mutations of the first release take their arguments one by one; new ones take an input",
  "require-nullable-result-in-root": "the fields of the first release are not null; new ones are null where they can fail",
  "require-field-of-type-query-in-mutation-result": "a mutation answers what it has changed; an operation may ask for more beside it",
  "no-scalar-result-type-on-mutation": "logout is published, and has nothing else to say",
};

export default [
  {
    files: ["schema/schema.graphql"],
    languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema: "schema/schema.graphql" } } },
    plugins: { "@graphql-eslint": graphql },
    rules: {
      ...graphql.configs["flat/schema-all"].rules,
      ...graphql.configs["flat/schema-relay"].rules,
      // Lists that are bounded by what they are of have no pages. Entries of a history are values.
      "@graphql-eslint/relay-edge-types": [
        "error",
        { withEdgeSuffix: true, shouldImplementNode: false, listTypeCanWrapOnlyEdgeType: false },
      ],
      ...Object.fromEntries(Object.keys(off).map((rule) => [`@graphql-eslint/${rule}`, "off"])),
    },
  },
];
