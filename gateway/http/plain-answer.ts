/** What the steps of the pipeline read and add to. */
export type AnswerHeaders = Pick<Headers, "get" | "has" | "set" | "append" | "delete">;

/** Where a handler puts the `set-cookie` headers of its answer. */
export type AnswerCookies = Pick<Headers, "append">;

/** The answer of the hot path. A `Response` would make a `Headers` at the first look, which costs more than the whole of this. */
export interface PlainAnswer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  /** Once, when nothing is added any more. */
  toResponse(): Response;
}

/** Answers 200 with a text. The steps use lower-case names. */
export function createPlainAnswer(body: string, headers: Record<string, string>): PlainAnswer {
  return {
    status: 200,
    headers: {
      get: (name) => headers[name] ?? null,
      has: (name) => name in headers,
      set(name, value) {
        headers[name] = value;
      },
      append(name, value) {
        headers[name] = name in headers ? `${headers[name]}, ${value}` : value;
      },
      delete(name) {
        // oxlint-disable-next-line typescript/no-dynamic-delete
        delete headers[name];
      },
    },
    toResponse: () => new Response(body, { headers }),
  };
}
