/** GraphQL's language where every document is printed already (printed-documents.ts): what urql and the client take of it. */
export interface PrintedDocument {
  kind: "Document";
  definitions: [{ kind: "OperationDefinition"; operation: string }];
  loc: { source: { body: string } };
}

export const Kind = {
  DOCUMENT: "Document",
  FIELD: "Field",
  FRAGMENT_DEFINITION: "FragmentDefinition",
  NAME: "Name",
  OPERATION_DEFINITION: "OperationDefinition",
} as const;

export const makeDocument = (operation: string, body: string): PrintedDocument => ({
  kind: "Document",
  definitions: [{ kind: "OperationDefinition", operation }],
  loc: { source: { body } },
});

export const print = (document: PrintedDocument): string => document.loc.source.body;

export function parse(): never {
  throw new TypeError("Only the operations that were built in can be sent.");
}

export class GraphQLError extends Error {}
