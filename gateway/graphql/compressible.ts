import { type DocumentNode, Kind, OperationTypeNode, visit } from "graphql";

/** Fields of the schema that answer a token, or what connecting goes on with. */
const secretFields: ReadonlySet<string> = new Set(["accessToken", "connectionToken", "token", "authorizeUrl", "state", "deviceCode"]);

const judged = new WeakMap<DocumentNode, boolean>();

/** Whether the answers to a document may be compressed: it has queries alone, and asks for no field that holds a secret. */
export function isCompressible(document: DocumentNode): boolean {
  const known = judged.get(document);
  if (known !== undefined) return known;
  let holdsSecret = false;
  visit(document, {
    [Kind.OPERATION_DEFINITION]: ({ operation }) => {
      holdsSecret ||= operation !== OperationTypeNode.QUERY;
    },
    [Kind.FIELD]: ({ name }) => {
      holdsSecret ||= secretFields.has(name.value);
    },
  });
  judged.set(document, !holdsSecret);
  return !holdsSecret;
}
