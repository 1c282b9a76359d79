import type { DocumentNode } from "graphql";
import type { Plugin } from "graphql-yoga";
import { LRUCache } from "lru-cache";
import { badUserInput, httpStatusOf } from "../../schema/errors.ts";

/** Longest GraphQL document, in bytes of UTF-8: 16 KiB. The introspection query has 2 KiB. */
export const MAXIMUM_DOCUMENT_BYTES = 16_384;
/** What parsed documents may take in memory: 32 MiB, of which 4 MiB for those that one caller sent first, or registered. */
const DOCUMENT_CACHE_BYTES = 33_554_432;
const DOCUMENT_CACHE_BYTES_OF_ONE = 4_194_304;
/** A parsed document takes at most this per token of its source, and per character and whole for the source itself. Measured on V8. */
const BYTES_PER_TOKEN = 512;
const BYTES_PER_CHARACTER = 4;
const BYTES_PER_DOCUMENT = 2_048;
/** What a registration takes beside the document, with the name of its sender. */
const BYTES_PER_REGISTRATION = 1_024;

/** Whose documents are the operator's own: all of them may be kept. */
export const TRUSTED = "trusted";

/** Refuses a document that is too long before it is parsed. */
export const limitDocuments: Plugin = {
  onParams({ params: { query } }) {
    if (typeof query !== "string" || Buffer.byteLength(query) <= MAXIMUM_DOCUMENT_BYTES) return;
    const error = badUserInput(`The document is longer than ${MAXIMUM_DOCUMENT_BYTES} bytes.`, "query");
    error.extensions.http = { status: httpStatusOf.BAD_USER_INPUT };
    throw error;
  },
};

/** Documents that are parsed and valid, by their source, and by its hash for those who have registered it. */
export interface AcceptedDocuments {
  find(source: string): DocumentNode | undefined;
  /** @param hash of the source: SHA-256 in lower-case hexadecimal. What another sender registered is not found. */
  findByHash(hash: string, sender: string): DocumentNode | undefined;
  /**
   * Keeps a document.
   * @param sender who sent it. Past a sender's share, that sender's own oldest documents make room, but for those that another has
   * registered.
   * @param hash registers it for that sender.
   */
  add(document: DocumentNode, sender: string, hash?: string | null): void;
  /** How many documents. */
  readonly size: number;
  /** What they take in memory. */
  readonly bytes: number;
}

/** A document that is kept for as long as it has a holder: who sent it first, and who registered it. */
interface Accepted {
  readonly document: DocumentNode;
  readonly source: string;
  readonly bytes: number;
  readonly holders: Set<Sender>;
  hash: string | null;
}

/** The table's entry that finds a document by its hash. */
interface Registration {
  readonly accepted: Accepted;
  readonly sender: Sender;
}

/** What one caller holds, the latest used last. */
interface Sender {
  readonly name: string;
  readonly held: Set<Accepted>;
  bytes: number;
}

export function createAcceptedDocuments(
  maximumBytes = DOCUMENT_CACHE_BYTES,
  maximumBytesOfOne = DOCUMENT_CACHE_BYTES_OF_ONE,
): AcceptedDocuments {
  const senders = new Map<string, Sender>();
  let size = 0;
  // No source begins with a hash.
  const table = new LRUCache<string, Accepted | Registration>({
    maxSize: maximumBytes,
    disposeAfter: (entry) => {
      if ("sender" in entry) return release(entry.sender, entry.accepted);
      size -= 1;
      for (const sender of entry.holders) release(sender, entry);
    },
  });

  function hold(sender: Sender, accepted: Accepted): void {
    const share = sender.name === TRUSTED ? maximumBytes : maximumBytesOfOne;
    for (const oldest of sender.held) {
      if (sender.bytes + chargeOf(accepted) <= share) break;
      release(sender, oldest);
    }
    senders.set(sender.name, sender);
    sender.held.add(accepted);
    sender.bytes += chargeOf(accepted);
    accepted.holders.add(sender);
  }

  function release(sender: Sender, accepted: Accepted): void {
    if (!sender.held.delete(accepted)) return;
    sender.bytes -= chargeOf(accepted);
    if (sender.held.size === 0) senders.delete(sender.name);
    accepted.holders.delete(sender);
    if (accepted.hash !== null) table.delete(keyOf(accepted.hash, sender.name));
    if (accepted.holders.size === 0) table.delete(accepted.source);
  }

  function findAccepted(source: string): Accepted | undefined {
    const accepted = table.get(source);
    return accepted && "document" in accepted ? accepted : undefined;
  }

  function keep(document: DocumentNode, source: string): Accepted {
    const accepted = { document, source, bytes: sizeOf(document, source), holders: new Set<Sender>(), hash: null };
    table.set(source, accepted, { size: accepted.bytes });
    size += 1;
    return accepted;
  }

  return {
    find(source) {
      const accepted = findAccepted(source);
      if (accepted) markUsed(accepted, accepted.holders.values().next().value);
      return accepted?.document;
    },
    findByHash(hash, sender) {
      const registration = sha256Hex.test(hash) ? table.get(keyOf(hash, sender)) : undefined;
      if (!registration || !("sender" in registration)) return undefined;
      markUsed(registration.accepted, registration.sender);
      return findAccepted(registration.accepted.source)?.document;
    },
    add(document, name, hash = null) {
      const source = document.loc?.source.body;
      const known = source === undefined ? undefined : findAccepted(source);
      if (source === undefined || (known && hash === null)) return;
      const sender = senders.get(name) ?? { name, held: new Set(), bytes: 0 };
      const accepted = known ?? keep(document, source);
      if (!sender.held.has(accepted)) hold(sender, accepted);
      // To set it again would dispose of it.
      if (hash === null || table.has(keyOf(hash, name))) return;
      accepted.hash = hash;
      table.set(keyOf(hash, name), { accepted, sender }, { size: BYTES_PER_REGISTRATION });
    },
    get size() {
      return size;
    },
    get bytes() {
      return table.calculatedSize;
    },
  };
}

const sha256Hex = /^[0-9a-f]{64}$/;

const keyOf = (hash: string, sender: string): string => `${hash} ${sender}`;

const chargeOf = ({ bytes }: Accepted): number => bytes + BYTES_PER_REGISTRATION;

function markUsed(accepted: Accepted, sender: Sender | undefined): void {
  if (sender?.held.delete(accepted)) sender.held.add(accepted);
}

/** What Yoga's context has for `acceptDocuments`. */
export interface Accepting {
  /** `document` is set to that of this request, if it is accepted and not kept yet. */
  accepting: {
    document?: DocumentNode;
    /** That of this request once it is known to be valid, kept or not. */
    valid?: DocumentNode;
    /** The hash by which the caller registers it: then also a kept document is told. */
    hash?: string;
    /** Whether the operator has listed the document. */
    isTrusted?: boolean;
  };
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
    onValidate({ params: { documentAST }, context: { accepting }, setResult }) {
      if (kept.has(documentAST)) {
        accepting.valid = documentAST;
        if (accepting.hash) accepting.document = documentAST;
        return setResult([]);
      }
      return ({ valid }) => {
        if (valid) accepting.document = accepting.valid = documentAST;
      };
    },
  };
}

function sizeOf({ loc }: DocumentNode, source: string): number {
  let tokens = 0;
  for (let token = loc?.startToken ?? null; token !== null; token = token.next) tokens += 1;
  return BYTES_PER_DOCUMENT + source.length * BYTES_PER_CHARACTER + tokens * BYTES_PER_TOKEN;
}
