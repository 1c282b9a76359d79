import { type DocumentNode, execute, type ExecutionResult, getOperationAST, OperationTypeNode } from "graphql";
import { schema } from "../../schema/index.ts";
import type { ContextFactory } from "../context.ts";
import type { Exchange } from "../http/pipeline.ts";
import { type AnswerCookies, createPlainAnswer, type PlainAnswer } from "../http/plain-answer.ts";
import { safeParseJson } from "../runtime/json.ts";
import type { Log } from "../runtime/log.ts";
import { nameAll } from "./argument-path.ts";
import type { AcceptedDocuments } from "./documents.ts";
import { isCompressible } from "./compressible.ts";
import { maskError, refuseRequest } from "./errors.ts";
import { findPersistedQuery, hashOf, isRecord, type Reference } from "./persisted.ts";
import type { TrustedDocuments } from "./trusted-documents.ts";

/** The media types that an answer can have (GraphQL over HTTP, section 4.1). */
type AnswerType = "application/json" | "application/graphql-response+json";

/** An operation of a document that was accepted before. */
export interface PreparedOperation {
  document: DocumentNode;
  operationName: string | null;
  variables: Record<string, unknown> | null;
  answerType: AnswerType;
}

const parameters: ReadonlySet<string> = new Set(["query", "operationName", "variables", "extensions", "documentId"]);

/** Where the documents of prepared operations are. */
export interface PreparedDocuments {
  accepted: Pick<AcceptedDocuments, "find" | "findByHash">;
  trusted: Pick<TrustedDocuments, "find">;
}

/**
 * Finds the operation that the body of a request asks for, if its document was accepted before. Null: Yoga answers the request, as it
 * does subscriptions and every unusual request. A promise, where the document depends on who is asking.
 */
export function findPrepared(
  documents: PreparedDocuments,
  headers: Headers,
  text: string,
  nameSender: () => Promise<string>,
): PreparedOperation | null | Promise<PreparedOperation | null> {
  const answerType = isJson(headers.get("content-type")) ? findAnswerType(headers.get("accept") || "*/*") : null;
  if (answerType === null) return null;
  const body = safeParseJson(text);
  if (!isRecord(body) || Object.keys(body).some((name) => !parameters.has(name))) return null;
  const { operationName = null, variables = null, extensions = null } = body;
  if (!(operationName === null || typeof operationName === "string")) return null;
  if (!(variables === null || isRecord(variables)) || !(extensions === null || isRecord(extensions))) return null;
  const prepare = (document: DocumentNode | undefined): PreparedOperation | null => {
    const operation = document && getOperationAST(document, operationName);
    if (!operation || operation.operation === OperationTypeNode.SUBSCRIPTION) return null;
    return { document, operationName, variables, answerType };
  };
  const document = findDocument(documents, body, nameSender);
  return document instanceof Promise ? document.then(prepare) : prepare(document);
}

function findDocument(
  { accepted, trusted }: PreparedDocuments,
  { query, documentId = null, extensions }: Reference,
  nameSender: () => Promise<string>,
): DocumentNode | undefined | Promise<DocumentNode | undefined> {
  const persistedQuery = findPersistedQuery(extensions);
  // Yoga checks the hash.
  if (typeof query === "string" && query !== "") return documentId === null && persistedQuery === null ? accepted.find(query) : undefined;
  const id = documentId ?? hashOf(persistedQuery);
  if ((query ?? "") !== "" || typeof id !== "string") return undefined;
  const source = trusted.find(id);
  if (source !== undefined) return accepted.find(source);
  return documentId === null ? nameSender().then((sender) => accepted.findByHash(id, sender)) : undefined;
}

const isJson = (type: string | null): boolean => type === "application/json" || (type?.startsWith("application/json;") ?? false);

/** As Yoga chooses it: by the first of `Accept` that fits. Weights do not count. Null where none fits. */
function findAnswerType(accept: string): AnswerType | null {
  if (accept === "*/*" || accept === "application/json") return "application/json";
  for (const entry of accept.replaceAll(/\s/g, "").toLowerCase().split(",")) {
    const [type = "", ...rest] = entry.split(";");
    if ((rest.find((parameter) => parameter.includes("charset=")) ?? UTF_8) !== UTF_8) continue;
    const [main, sub] = type.split("/");
    if (main !== "*" && main !== "application") continue;
    if (sub === "*" || sub === "json") return "application/json";
    if (sub === "graphql-response+json") return "application/graphql-response+json";
  }
  return null;
}

const UTF_8 = "charset=utf-8";

/** Runs prepared operations as Yoga would. Errors in the result are masked and have the path of their argument. */
export function createRunner({ contexts, log }: { contexts: ContextFactory; log: Log }) {
  return async function run(
    { document, operationName, variables }: PreparedOperation,
    exchange: Exchange,
    cookies: AnswerCookies,
  ): Promise<ExecutionResult> {
    try {
      const contextValue = await contexts.create(exchange, cookies, { linksCrossSitePages: true }).catch(refuseRequest);
      const args = { schema, document, contextValue, variableValues: variables, operationName };
      const executed = execute(args);
      const result = executed instanceof Promise ? await executed : executed;
      if (!result.errors) return result;
      return { ...result, errors: nameAll(args, result.errors).map((error) => maskError(error, log)) };
    } catch (error) {
      return { errors: [maskError(error, log)] };
    }
  };
}

/** The answer of an operation without errors. */
export function answerOf({ answerType, document }: PreparedOperation, result: ExecutionResult): PlainAnswer {
  const body = JSON.stringify(result);
  const headers = {
    "content-type": `${answerType}; charset=utf-8`,
    "content-length": String(Buffer.byteLength(body)),
    "cache-control": "no-store",
  };
  return createPlainAnswer(body, headers, { isCompressible: isCompressible(document) });
}
