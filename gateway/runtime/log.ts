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
  "authorization cookie token accessToken refreshToken access_token refresh_token id_token verifier code_verifier state clientSecret client_secret client_private_key private_key client_assertion secret password".split(
    " ",
  );

/** Lines that wait in memory while standard output takes none, as on a full disk. Further lines are dropped. */
const MAXIMUM_UNWRITTEN_BYTES = 1_048_576;

/** Creates the log. `destination` defaults to standard output. @param facts what each line says, such as the worker that writes it. */
export function createLog(level: LogLevel, destination?: DestinationStream, facts: object | null = null): Log {
  const paths = SECRET_NAMES.flatMap((name) => [name, `*.${name}`]);
  const options = {
    level,
    base: facts && { ...facts },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths, censor: "[redacted]" },
    serializers: { err: describeError },
  };
  return pino(options, destination ?? openStandardOutput());
}

/** A line that cannot be written must not end the process: the next line tries again. */
function openStandardOutput(): DestinationStream {
  const stream = pino.destination({ dest: 1, sync: true, maxLength: MAXIMUM_UNWRITTEN_BYTES });
  stream.on("error", () => {});
  return stream;
}

/** What an error is and where it came from, and none of its further members: drivers keep queries, answers and addresses there. */
function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error };
  const { name: type, message, stack, cause } = error;
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  return { type, message, ...(code && { code }), stack, ...(cause !== undefined && { cause: describeError(cause) }) };
}
