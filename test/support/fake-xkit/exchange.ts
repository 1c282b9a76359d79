import type { IncomingMessage } from "node:http";
import { membersOf } from "./json.ts";

/** One request, taken apart. */
export interface Call {
  readonly method: string;
  /** Segments of the path, decoded. */
  readonly path: readonly string[];
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: ReadonlyMap<string, unknown>;
}

/** What is sent back. Null is no body. */
export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>> | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** An endpoint: `GET /connections/:slug`. */
export type Routes = Readonly<Record<string, (call: Call) => Answer | Promise<Answer>>>;

export const ok = (body: Answer["body"], { status = 200, headers = {} }: Partial<Answer> = {}): Answer => ({ status, body, headers });

/** A failure (contract, "Errors"). */
export class Refusal extends Error {
  readonly answer: Answer;

  constructor(status: number, code: string, error: string, facts: Readonly<Record<string, string | number>> = {}) {
    super(error);
    const { retry_after: retryAfter } = facts;
    const headers: Record<string, string> = retryAfter === undefined ? {} : { "retry-after": String(retryAfter) };
    this.answer = { status, body: { error, code, ...facts }, headers };
  }
}

export const notFound = (what: string): Refusal => new Refusal(404, "NOT_FOUND", `There is no such ${what}.`);

/** A request below its path's template, or null. */
export function match(template: string, call: Omit<Call, "params">): Call | null {
  const [method = "", path = ""] = template.split(" ");
  const wanted = path.split("/").slice(1);
  if (method !== call.method || wanted.length !== call.path.length) return null;
  if (wanted.some((segment, index) => !segment.startsWith(":") && segment !== call.path[index])) return null;
  const params = wanted.flatMap((segment, index) => (segment.startsWith(":") ? [[segment.slice(1), call.path[index] ?? ""]] : []));
  return { ...call, params: Object.fromEntries(params) };
}

export async function readCall(request: IncomingMessage): Promise<Omit<Call, "params">> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  const [path = "", search = ""] = (request.url ?? "").split("?");
  return {
    method: request.method ?? "",
    path: path.split("/").slice(1).map(decodeURIComponent),
    query: new URLSearchParams(search),
    headers: request.headers,
    body: membersOf(Buffer.concat(chunks).toString()),
  };
}
