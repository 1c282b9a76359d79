import type { DocumentNode } from "graphql";

/** What loaders of GraphQL files make of the contract. Without one, read the file: its path is `import.meta.resolve("…/schema.graphql")`. */
declare const schema: DocumentNode;
export default schema;
