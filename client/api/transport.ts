import { print } from "@0no-co/graphql.web";
import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { errorOf } from "./errors.ts";

/** GraphQL over HTTP, for the few operations that `xkit` needs: a tenth of a full client. */
export interface Transport {
  /** One operation, one answer. Throws XkitError, and what `inSession` throws. */
  request<Data, Variables>(operation: Operation<Data, Variables>): Promise<Data>;
  /**
   * A subscription's answers as they come, by server-sent events, until the gateway completes it. `onOpen` is called when it begins.
   * Throws XkitError, of code NETWORK when the stream breaks before that.
   */
  listen<Data, Variables>(subscription: Subscription<Data, Variables>): AsyncGenerator<Data, void>;
}

interface Operation<Data, Variables> {
  document: TypedDocumentNode<Data, Variables>;
  variables: Variables;
}

interface Subscription<Data, Variables> extends Operation<Data, Variables> {
  /** The Authorization header, or null. */
  authorization: string | null;
  signal?: AbortSignal;
  onOpen?: () => void;
}

/** Sends a request with this Authorization header, or with none. */
export type Send = (authorization: string | null) => Promise<Response>;

interface Failure {
  message: string;
  extensions?: Record<string, unknown>;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
const isFailure = (value: unknown): value is Failure => isObject(value) && typeof value["message"] === "string";
/** The envelope is checked here; that `data` fits the operation is the contract's promise, and codegen's. */
const isAnswerTo = <Data, Variables>(_operation: Operation<Data, Variables>, body: unknown): body is { data: Data } =>
  isObject(body) && !body["errors"] && isObject(body["data"]);

async function readText(response: Response): Promise<string> {
  try {
    return await response.text();
  } catch (error) {
    throw networkFailure(error);
  }
}

const networkFailure = (error: unknown): Error =>
  errorOf(undefined, { networkError: error instanceof Error ? error : new Error(String(error)) });

function throwNetworkFailure(error: unknown): never {
  throw networkFailure(error);
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw errorOf(undefined, { networkError: new Error("what answered is no gateway", { cause: error }) });
  }
}

function failureOf(body: unknown): Error {
  const errors: unknown[] = isObject(body) && Array.isArray(body["errors"]) ? body["errors"] : [];
  return errorOf(errors.find(isFailure), { networkError: new Error("what answered is no gateway") });
}

/** The `data:` of each server-sent event until one of type `complete`. Throws XkitError when the stream ends without it. */
async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(throwNetworkFailure);
      if (done) throw networkFailure("the stream broke");
      text += decoder.decode(value, { stream: true });
      const events = text.split(/\r?\n\r?\n/);
      text = events.pop() ?? "";
      for (const event of events) {
        if (/^event: ?complete$/m.test(event)) return;
        const data = /^data: ?(.+)$/m.exec(event)?.[1];
        if (data) yield data;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** A transport to the gateway at `url`, without a trailing slash. `inSession` sends its requests; default: once, without Authorization. */
export function createTransport(
  url: string,
  fetch: typeof globalThis.fetch,
  inSession: (send: Send) => Promise<Response> = (send) => send(null),
): Transport {
  async function post<Data, Variables>(
    { document, variables }: Operation<Data, Variables>,
    accept: string,
    authorization: string | null,
    signal?: AbortSignal,
  ): Promise<Response> {
    try {
      return await fetch(`${url}/graphql`, {
        method: "POST",
        credentials: "include",
        headers: { accept, "content-type": "application/json", ...(authorization && { authorization }) },
        body: JSON.stringify({ query: print(document), variables }),
        ...(signal && { signal }),
      });
    } catch (error) {
      signal?.throwIfAborted();
      throw networkFailure(error);
    }
  }

  return {
    async request<Data, Variables>(operation: Operation<Data, Variables>) {
      const response = await inSession((authorization) =>
        post(operation, "application/graphql-response+json, application/json", authorization),
      );
      const body = parseBody(await readText(response));
      if (isAnswerTo(operation, body)) return body.data;
      throw failureOf(body);
    },
    async *listen<Data, Variables>(subscription: Subscription<Data, Variables>) {
      const { authorization, signal, onOpen } = subscription;
      const response = await post(subscription, "text/event-stream", authorization, signal);
      const isStream = response.headers.get("content-type")?.startsWith("text/event-stream");
      if (!isStream || !response.body) throw failureOf(parseBody(await readText(response)));
      onOpen?.();
      for await (const event of readEvents(response.body)) {
        const body = parseBody(event);
        if (!isAnswerTo(subscription, body)) throw failureOf(body);
        yield body.data;
      }
    },
  };
}
