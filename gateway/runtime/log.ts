import { type DestinationStream, pino } from "pino";

/** One JSON line per event. Facts are named one by one: a token, code, verifier or key is never among them. */
export interface Log {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
  debug(facts: object, message: string): void;
}

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** The values of these members are redacted. */
const SECRET_NAMES =
  "authorization cookie token accessToken refreshToken access_token refresh_token id_token verifier code_verifier state clientSecret client_secret secret password".split(
    " ",
  );

/** Creates the log. `destination` defaults to standard output. */
export function createLog(level: LogLevel, destination?: DestinationStream): Log {
  const paths = SECRET_NAMES.flatMap((name) => [name, `*.${name}`]);
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths, censor: "[redacted]" },
    serializers: { err: describeError },
  };
  return destination ? pino(options, destination) : pino(options);
}

/** What an error is and where it came from, and none of its further members: drivers keep queries, answers and addresses there. */
function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error };
  const { name: type, message, stack, cause } = error;
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  return { type, message, ...(code && { code }), stack, ...(cause !== undefined && { cause: describeError(cause) }) };
}
