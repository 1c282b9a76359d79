/** What the steps of the pipeline read and add to. */
export type AnswerHeaders = Pick<Headers, "get" | "has" | "set" | "append" | "delete">;

/** Where a handler puts the `set-cookie` headers of its answer. */
export type AnswerCookies = Pick<Headers, "append">;

/** The `set-cookie` headers of one answer. */
export interface CookieList extends AnswerCookies {
  values: string[];
}

export function createCookieList(): CookieList {
  const values: string[] = [];
  return { values, append: (_name, value) => void values.push(value) };
}

/** The answer of the hot path. A `Response` would make a `Headers` at the first look, which costs more than the whole of this. */
export interface PlainAnswer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: string;
  /** Whether it may be compressed: it holds no secret. */
  readonly isCompressible: boolean;
  /**
   * Once, when nothing is added any more.
   * @param encoded the body in the encoding that the headers name. Default: as it is.
   */
  toResponse(encoded?: Uint8Array<ArrayBuffer>): Response;
}

interface PlainAnswerOptions {
  /** Default 200. */
  status?: number;
  /** Whether it may be compressed: it holds no token, code or state. Default: false. */
  isCompressible?: boolean;
}

/** Answers with a text. The steps use lower-case names. */
export const createPlainAnswer = (
  body: string,
  headers: Record<string, string>,
  { status = 200, isCompressible = false }: PlainAnswerOptions = {},
): PlainAnswer => new TextAnswer(status, body, headers, isCompressible);

/** Classes, as an object of functions would make each of them for each answer. */
class TextAnswer implements PlainAnswer {
  readonly status: number;
  readonly headers: PlainHeaders;
  readonly body: string;
  readonly isCompressible: boolean;

  constructor(status: number, body: string, headers: Record<string, string>, isCompressible: boolean) {
    this.status = status;
    this.headers = new PlainHeaders(headers);
    this.body = body;
    this.isCompressible = isCompressible;
  }

  toResponse(encoded?: Uint8Array<ArrayBuffer>): Response {
    return new Response(encoded ?? this.body, { status: this.status, headers: this.headers.values });
  }
}

class PlainHeaders implements AnswerHeaders {
  readonly values: Record<string, string>;

  constructor(values: Record<string, string>) {
    this.values = values;
  }

  get(name: string): string | null {
    return this.values[name] ?? null;
  }

  has(name: string): boolean {
    return name in this.values;
  }

  set(name: string, value: string): void {
    this.values[name] = value;
  }

  append(name: string, value: string): void {
    const before = this.values[name];
    this.values[name] = before === undefined ? value : `${before}, ${value}`;
  }

  delete(name: string): void {
    // oxlint-disable-next-line typescript/no-dynamic-delete
    delete this.values[name];
  }
}
