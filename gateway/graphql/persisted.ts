import { createHash } from "node:crypto";
import type { DocumentNode } from "graphql";
import type { Plugin } from "graphql-yoga";
import { badUserInput, type ErrorCode, forbidden, GatewayError, httpStatusOf } from "../../schema/errors.ts";
import type { AcceptedDocuments, Accepting } from "./documents.ts";
import type { TrustedDocuments } from "./trusted-documents.ts";

/** What a request may have in place of its document. */
export interface Reference {
  query?: unknown;
  /** Of a trusted document (GraphQL over HTTP, appendix "Persisted Documents"). */
  documentId?: unknown;
  extensions?: unknown;
}

/** Where documents are found that a request does not hold. */
export interface PersistedDocuments {
  accepted: Pick<AcceptedDocuments, "findByHash">;
  trusted: TrustedDocuments;
}

/** What Yoga's context has for `resolveReference`. */
export interface Resolving extends Accepting {
  /** To whom the documents of the request are counted. */
  nameSender(): Promise<string>;
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Apollo's automatic persisted query, of any version. Null: none. */
export const findPersistedQuery = (extensions: unknown): unknown => (isRecord(extensions) ? (extensions["persistedQuery"] ?? null) : null);

/** The hash of a document. Null where the persisted query is of another version. */
export function hashOf(persistedQuery: unknown): string | null {
  const { version, sha256Hash } = isRecord(persistedQuery) ? persistedQuery : {};
  return version === 1 && typeof sha256Hash === "string" ? sha256Hash : null;
}

/** Puts the document in the place of its id or hash, and checks the hash of a document that is to be registered. */
export function resolveReference({ accepted, trusted }: PersistedDocuments): Plugin<object, Resolving> {
  async function findSource(hash: string, context: Resolving): Promise<string> {
    const listed = trusted.find(hash);
    if (listed !== undefined) return markTrusted(listed, context);
    const source = accepted.findByHash(hash, await context.nameSender())?.loc?.source.body;
    return source ?? refuse("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound");
  }

  return {
    async onParams({ request, params, context, setParams }) {
      // Whatever a caller sends.
      const { query, extensions }: Reference = params;
      const documentId = findDocumentId(params, request);
      if (documentId !== null) {
        if (typeof documentId !== "string" || query)
          refuseInput("documentId: send either a documentId, as a string, or a query.", "documentId");
        const source =
          trusted.find(documentId) ?? refuse("PERSISTED_DOCUMENT_NOT_FOUND", "No document of XKIT_TRUSTED_DOCUMENTS has this documentId.");
        return setParams({ ...params, query: markTrusted(source, context) });
      }
      const persistedQuery = findPersistedQuery(extensions);
      if (persistedQuery === null) return;
      const hash = hashOf(persistedQuery) ?? refuse("PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported");
      if (!query) return setParams({ ...params, query: await findSource(hash, context) });
      if (typeof query !== "string" || trusted.find(hash) === query) return;
      await checkHash(query, hash, context);
    },
  };

  async function checkHash(query: string, hash: string, context: Resolving): Promise<void> {
    const registered = accepted.findByHash(hash, await context.nameSender());
    if (registered?.loc?.source.body === query) return;
    if (createHash("sha256").update(query).digest("hex") !== hash)
      refuseInput("extensions.persistedQuery.sha256Hash is not the SHA-256 of the query.", "extensions.persistedQuery.sha256Hash");
    context.accepting.hash = hash;
  }
}

function markTrusted(source: string, { accepting }: Resolving): string {
  accepting.isTrusted = true;
  return source;
}

/** Refuses documents that the operator has not listed, where these alone may run. */
export function refuseUntrusted({ allows }: Pick<TrustedDocuments, "allows">): Plugin {
  const allowed = new WeakSet<DocumentNode>();
  return {
    onValidate({ params: { documentAST } }) {
      if (allowed.has(documentAST)) return;
      if (!allows(documentAST)) throw withStatus(forbidden("This gateway runs only trusted documents: send the documentId of one."));
      allowed.add(documentAST);
    },
  };
}

function findDocumentId({ documentId = null }: Reference, { method, url }: Request): unknown {
  return method === "GET" && url.includes("documentId") ? new URL(url).searchParams.get("documentId") : documentId;
}

function withStatus(error: GatewayError): GatewayError {
  error.extensions.http = { status: httpStatusOf[error.code] };
  return error;
}

function refuse(code: ErrorCode, message: string): never {
  throw withStatus(new GatewayError(code, message));
}

function refuseInput(message: string, path: string): never {
  throw withStatus(badUserInput(message, path));
}
