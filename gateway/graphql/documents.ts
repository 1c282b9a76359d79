import type { DocumentNode } from "graphql";
import type { Plugin } from "graphql-yoga";
import { LRUCache } from "lru-cache";
import { badUserInput, GatewayError, httpStatusOf } from "../../schema/errors.ts";

/** Longest GraphQL document, in bytes of UTF-8: 16 KiB. The introspection query has 2 KiB. */
export const MAXIMUM_DOCUMENT_BYTES = 16_384;
/** What parsed documents may take in memory: 32 MiB. */
const DOCUMENT_CACHE_BYTES = 33_554_432;
/** A parsed document takes at most this per token of its source, and per character and whole for the source itself. Measured on V8. */
const BYTES_PER_TOKEN = 512;
const BYTES_PER_CHARACTER = 4;
const BYTES_PER_DOCUMENT = 2_048;

/** Refuses a document that is too long before it is parsed. */
export const limitDocuments: Plugin = {
  onParams({ params: { query } }) {
    if (typeof query !== "string" || Buffer.byteLength(query) <= MAXIMUM_DOCUMENT_BYTES) return;
    const error = badUserInput(`The document is longer than ${MAXIMUM_DOCUMENT_BYTES} bytes.`, "query");
    error.extensions.http = { status: httpStatusOf.BAD_USER_INPUT };
    throw error;
  },
};

/** Refuses the hash of a document in place of the document, in the words by which Apollo's clients fall back to the document itself. */
export const refusePersistedQueries: Plugin = {
  onParams({ params: { query, extensions } }) {
    if (query || !extensions?.["persistedQuery"]) return;
    const error = new GatewayError("PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported");
    error.extensions.http = { status: httpStatusOf.PERSISTED_QUERY_NOT_SUPPORTED };
    throw error;
  },
};

/** Documents that are parsed and valid, by their source. */
export type DocumentCache = LRUCache<string, DocumentNode>;

export const createDocumentCache = (maximumBytes = DOCUMENT_CACHE_BYTES): DocumentCache =>
  new LRUCache({ maxSize: maximumBytes, sizeCalculation: sizeOf });

/** Parses and validates each document once, and keeps none that is refused. */
export function cacheDocuments(documents: DocumentCache): Plugin {
  const accepted = new WeakSet<DocumentNode>();
  return {
    onParse({ params, setParsedDocument }) {
      const known = documents.get(params.source.toString());
      if (known) setParsedDocument(known);
    },
    onValidate({ params: { documentAST }, setResult }) {
      if (accepted.has(documentAST)) return setResult([]);
      return ({ valid }) => {
        if (!valid || !documentAST.loc) return;
        accepted.add(documentAST);
        documents.set(documentAST.loc.source.body, documentAST);
      };
    },
  };
}

function sizeOf({ loc }: DocumentNode, source: string): number {
  let tokens = 0;
  for (let token = loc?.startToken ?? null; token !== null; token = token.next) tokens += 1;
  return BYTES_PER_DOCUMENT + source.length * BYTES_PER_CHARACTER + tokens * BYTES_PER_TOKEN;
}
