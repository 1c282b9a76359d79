import type { DocumentNode } from "graphql";
import type { Plugin } from "graphql-yoga";
import { LRUCache } from "lru-cache";
import { badUserInput, GatewayError, httpStatusOf } from "../../schema/errors.ts";

/** Longest GraphQL document, in bytes of UTF-8: 16 KiB. The introspection query has 2 KiB. */
export const MAXIMUM_DOCUMENT_BYTES = 16_384;
/** What parsed documents may take in memory: 32 MiB, of which 4 MiB for those that one caller sent first. */
const DOCUMENT_CACHE_BYTES = 33_554_432;
const DOCUMENT_CACHE_BYTES_OF_ONE = 4_194_304;
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
export interface AcceptedDocuments {
  find(source: string): DocumentNode | undefined;
  /** @param sender who sent it first. Past a sender's share, that sender's own oldest documents make room. */
  add(document: DocumentNode, sender: string): void;
  readonly size: number;
  /** What they take in memory. */
  readonly bytes: number;
}

export function createAcceptedDocuments(
  maximumBytes = DOCUMENT_CACHE_BYTES,
  maximumBytesOfOne = DOCUMENT_CACHE_BYTES_OF_ONE,
): AcceptedDocuments {
  const senders = new Map<string, SentDocuments>();
  const documents = new LRUCache<string, Accepted>({
    maxSize: maximumBytes,
    dispose: ({ sender, bytes }, source) => {
      const sent = senders.get(sender);
      if (!sent) return;
      sent.sources.delete(source);
      sent.bytes -= bytes;
      if (sent.sources.size === 0) senders.delete(sender);
    },
  });

  function evictOldest({ sources }: SentDocuments): void {
    const [oldest] = sources;
    if (oldest !== undefined) documents.delete(oldest);
  }

  return {
    find(source) {
      const accepted = documents.get(source);
      const sources = accepted && senders.get(accepted.sender)?.sources;
      // The last of a set is the latest used.
      if (sources?.delete(source)) sources.add(source);
      return accepted?.document;
    },
    add(document, sender) {
      const source = document.loc?.source.body;
      if (source === undefined || documents.has(source)) return;
      const bytes = sizeOf(document, source);
      const sent = senders.get(sender) ?? { sources: new Set(), bytes: 0 };
      while (sent.sources.size > 0 && sent.bytes + bytes > maximumBytesOfOne) evictOldest(sent);
      senders.set(sender, sent);
      sent.sources.add(source);
      sent.bytes += bytes;
      documents.set(source, { document, sender, bytes }, { size: bytes });
    },
    get size() {
      return documents.size;
    },
    get bytes() {
      return documents.calculatedSize;
    },
  };
}

interface Accepted {
  document: DocumentNode;
  sender: string;
  bytes: number;
}

/** The documents that one caller sent first, the latest used last. */
interface SentDocuments {
  sources: Set<string>;
  bytes: number;
}

/** What Yoga's context has for `acceptDocuments`. */
export interface Accepting {
  /** `document` is set to that of this request, if it is accepted and not kept yet. */
  accepting: { document?: DocumentNode };
}

/** A kept document is not parsed and validated again. One that Yoga accepts is told in `accepting`. */
export function acceptDocuments(documents: Pick<AcceptedDocuments, "find">): Plugin<Accepting> {
  const kept = new WeakSet<DocumentNode>();
  return {
    onParse({ params, setParsedDocument }) {
      const known = documents.find(params.source.toString());
      if (!known) return;
      kept.add(known);
      setParsedDocument(known);
    },
    onValidate({ params: { documentAST }, context, setResult }) {
      if (kept.has(documentAST)) return setResult([]);
      return ({ valid }) => {
        if (valid) context.accepting.document = documentAST;
      };
    },
  };
}

function sizeOf({ loc }: DocumentNode, source: string): number {
  let tokens = 0;
  for (let token = loc?.startToken ?? null; token !== null; token = token.next) tokens += 1;
  return BYTES_PER_DOCUMENT + source.length * BYTES_PER_CHARACTER + tokens * BYTES_PER_TOKEN;
}
