import { errors } from "undici";

/** Why no answer came. */
export interface Fault {
  kind: "name" | "certificate" | "protocol" | "refused" | "slow" | "lost";
  /** As Node names it; null where it does not. */
  code: string | null;
  /** What the operator reads after "The upstream". */
  sentence: string;
}

/** What the operator has to look at, by the code that Node gives. The first that fits counts. */
const kinds: readonly [RegExp, Fault["kind"], string][] = [
  [/^(ENOTFOUND|EAI_\w+)$/, "name", "has a host name that cannot be found: check XKIT_UPSTREAM_URL and this machine's DNS"],
  [/CERT|UNABLE_TO_VERIFY|^ERR_TLS_/, "certificate", "has a certificate that is not trusted on this machine"],
  [/^(HPE|EPROTO|ERR_SSL_\w+)$/, "protocol", "does not speak the protocol that XKIT_UPSTREAM_URL names"],
  [/^ECONNREFUSED$/, "refused", "refuses connections"],
];

const brokenCodes: ReadonlySet<string> = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE", "ECONNREFUSED"]);

const codeOf = (error: unknown): string | null =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null;

/** Whether a connection was there no more, or not to be had. */
export const isBrokenConnection = (error: unknown): boolean => brokenCodes.has(codeOf(error) ?? "");

/** Which fault an error of a socket is. */
export function faultOf(error: unknown, deadlineMs: number): Fault {
  // The parser gives no code of its own.
  const code = error instanceof errors.HTTPParserError ? "HPE" : codeOf(error);
  const isSlow = error instanceof errors.HeadersTimeoutError || error instanceof errors.ConnectTimeoutError;
  if (isSlow) return { kind: "slow", code, sentence: `did not answer within ${deadlineMs} ms` };
  const [, kind, sentence] = kinds.find(([pattern]) => pattern.test(code ?? "")) ?? [null, "lost" as const, "cannot be reached"];
  return { kind, code, sentence: code === null ? sentence : `${sentence} (${code})` };
}
