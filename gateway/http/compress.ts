import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { chooseEncoding } from "./content-encoding.ts";
import type { Answer, Exchange } from "./pipeline.ts";
import { createPlainAnswer, type PlainAnswer } from "./plain-answer.ts";

/** Below this a compressed answer hardly takes fewer packets, and costs its CPU: 1 KiB. */
export const MINIMUM_COMPRESSED_BYTES = 1_024;
/** Of 11: takes about as long as gzip, and less space. */
const BROTLI_QUALITY = 4;
/** Of 9. */
const GZIP_LEVEL = 6;

const compressors = {
  br: (bytes: Buffer) =>
    promisify(brotliCompress)(bytes, {
      params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    }),
  gzip: (bytes: Buffer) => promisify(gzip)(bytes, { level: GZIP_LEVEL }),
};

/**
 * Turns an answer into the response that is sent: compressed, where its maker says that it holds no secret, it is long enough, and the
 * reader takes it. The length of a compressed answer tells what in it repeats: one that holds a token, a code or a form's state beside what a
 * request brought is never compressed (SECURITY.md, "BREACH"). `HEAD` has the headers of `GET` alone (RFC 9110 section 9.3.2).
 */
export function sendAnswer({ request }: Exchange, answer: Answer): Response | Promise<Response> {
  if (request.method === "HEAD") return sendHead(request, answer);
  if (!("toResponse" in answer)) return answer;
  return answer.isCompressible ? compress(request, answer) : answer.toResponse();
}

async function sendHead(request: Request, answer: Answer): Promise<Response> {
  const whole = "toResponse" in answer ? await (answer.isCompressible ? compress(request, answer) : answer.toResponse()) : answer;
  return new Response(null, { status: whole.status, headers: whole.headers });
}

async function compress(request: Request, answer: PlainAnswer): Promise<Response> {
  const bytes = Buffer.from(answer.body);
  if (bytes.length < MINIMUM_COMPRESSED_BYTES) return answer.toResponse();
  const { headers } = answer;
  headers.append("vary", "accept-encoding");
  const encoding = chooseEncoding(request.headers.get("accept-encoding"));
  if (encoding === null) return answer.toResponse();
  const compressed = await compressors[encoding](bytes);
  headers.set("content-encoding", encoding);
  headers.set("content-length", String(compressed.length));
  return answer.toResponse(compressed);
}

/** Answers a route outside the hot path with a text that holds no secret. Default of the status: 200. */
export async function answerCompressed(request: Request, body: string, headers: Record<string, string>, status = 200): Promise<Response> {
  return compress(request, createPlainAnswer(body, headers, { status, isCompressible: true }));
}
