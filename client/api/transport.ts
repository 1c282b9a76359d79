import { print } from "@0no-co/graphql.web";
import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { errorOf } from "./errors.ts";

/** GraphQL over HTTP, for the few operations that `xkit` needs: a tenth of a full client. */
export interface Transport {
  /** One operation, one answer. Throws XkitError, what `inSession` throws, and the reason of a signal that aborts. */
  request<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables, call?: CallOptions): Promise<Data>;
  /**
   * A subscription's answers as they come, by server-sent events, until the gateway completes it. `onOpen` is called when it begins.
   * Throws XkitError, of code NETWORK when the stream breaks before that.
   */
  listen<Data, Variables>(subscription: Operation<Data, Variables> & { onOpen?: () => void }): AsyncGenerator<Data, void>;
}

/** What every call takes. */
export interface CallOptions {
  /** Gives the call up, which then throws the signal's reason. */
  signal?: AbortSignal | undefined;
}

interface Operation<Data, Variables> extends CallOptions {
  document: TypedDocumentNode<Data, Variables>;
  variables: Variables;
  /** The Authorization header, or null. */
  authorization: string | null;
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
const isAnswerTo = <Data, Variables>(_document: TypedDocumentNode<Data, Variables>, body: unknown): body is { data: Data } =>
  isObject(body) && !body["errors"] && isObject(body["data"]);

function throwNoAnswer(error: unknown, signal?: AbortSignal): never {
  signal?.throwIfAborted();
  throw errorOf(undefined, { networkError: error instanceof Error ? error : new Error(String(error)) });
}

function throwNoGateway(cause?: unknown): never {
  throwNoAnswer(new Error("what answered is no gateway", { cause }));
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return throwNoGateway(error);
  }
}

function throwFailure(body: unknown): never {
  const errors: unknown[] = isObject(body) && Array.isArray(body["errors"]) ? body["errors"] : [];
  const failure = errors.find(isFailure);
  if (failure) throw errorOf(failure);
  throwNoGateway();
}

function dataOf<Data, Variables>(document: TypedDocumentNode<Data, Variables>, text: string): Data {
  const body = parseBody(text);
  return isAnswerTo(document, body) ? body.data : throwFailure(body);
}

const readText = (response: Response, signal?: AbortSignal): Promise<string> =>
  response.text().catch((error: unknown) => throwNoAnswer(error, signal));

/** The `data:` of each server-sent event until one of type `complete`. Throws XkitError when the stream ends without it. */
async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => throwNoAnswer(error));
      if (done) throwNoAnswer("the stream broke");
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

interface TransportOptions {
  /** Sends the requests. Default: once, without Authorization. */
  inSession?: (send: Send) => Promise<Response>;
  /** The language to ask for. Default: what the browser says. */
  findLocale?: () => string | undefined;
}

/** A transport to the gateway at `url`, without a trailing slash. */
export function createTransport(
  url: string,
  fetch: typeof globalThis.fetch,
  { inSession = (send) => send(null), findLocale = () => undefined }: TransportOptions = {},
): Transport {
  async function post<Data, Variables>(operation: Operation<Data, Variables>, accept: string): Promise<Response> {
    const { document, variables, authorization, signal } = operation;
    const locale = findLocale();
    try {
      return await fetch(`${url}/graphql`, {
        method: "POST",
        credentials: "include",
        headers: {
          accept,
          "content-type": "application/json",
          ...(locale && { "accept-language": locale }),
          ...(authorization && { authorization }),
        },
        body: JSON.stringify({ query: print(document), variables }),
        signal: signal ?? null,
      });
    } catch (error) {
      return throwNoAnswer(error, signal);
    }
  }

  return {
    async request<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables, { signal }: CallOptions = {}) {
      const accept = "application/graphql-response+json, application/json";
      const response = await inSession((authorization) => post({ document, variables, authorization, signal }, accept));
      return dataOf(document, await readText(response, signal));
    },
    async *listen<Data, Variables>(subscription: Operation<Data, Variables> & { onOpen?: () => void }) {
      const response = await post(subscription, "text/event-stream");
      const isStream = response.headers.get("content-type")?.startsWith("text/event-stream");
      if (!isStream || !response.body) throwFailure(parseBody(await readText(response)));
      subscription.onOpen?.();
      for await (const event of readEvents(response.body)) yield dataOf(subscription.document, event);
    },
  };
}
