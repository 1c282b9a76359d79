import { type DestinationStream, pino } from "pino";

/** One JSON line per event. Facts are named one by one: a token, code, verifier or key is never among them. */
export interface Log {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
  debug(facts: object, message: string): void;
}

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** The values of these members are redacted, in the facts of a line and in the objects right below them. */
const SECRET_NAMES: ReadonlySet<string> = new Set(
  "authorization cookie token accessToken refreshToken access_token refresh_token id_token verifier code_verifier state clientSecret client_secret client_private_key private_key client_assertion secret password".split(
    " ",
  ),
);
const REDACTED = "[redacted]";

/** Lines that wait in memory while standard output takes none, as on a full disk. Further lines are dropped. */
const MAXIMUM_UNWRITTEN_BYTES = 1_048_576;
/** From so many on, the process waits for the reader of a full pipe, so that none is dropped: in steps of 100 ms, in which it serves nothing. */
const WAITED_FOR_BYTES = MAXIMUM_UNWRITTEN_BYTES / 2;
/**
 * Lines are written together, at most so many bytes at once, or one line that is longer. What is written at once to a pipe stays together
 * up to this length (PIPE_BUF, man 7 pipe): workers share one, and would else write into each other's lines.
 */
const WRITE_BYTES = 4_096;
/** How often waiting lines are written, in milliseconds. A warning, an error and the exit write them at once. */
export const LOG_FLUSH_MS = 100;

/** Creates the log. `destination` defaults to standard output. @param common what each line says, such as the worker that writes it. */
export function createLog(level: LogLevel, destination?: DestinationStream, common: object | null = null): Log {
  const output = destination ? { stream: destination, flush() {} } : openStandardOutput();
  const options = {
    level,
    base: common && { ...common },
    timestamp: createTimestamp(),
    // Its own redaction takes ten times as long as the whole rest of a line.
    formatters: { level: (label: string) => ({ level: label }), log: redact },
    serializers: { err: describeError },
  };
  const lines = pino(options, output.stream);
  return {
    debug: (facts, message) => lines.debug(facts, message),
    info: (facts, message) => lines.info(facts, message),
    warn(facts, message) {
      lines.warn(facts, message);
      output.flush();
    },
    error(facts, message) {
      lines.error(facts, message);
      output.flush();
    },
  };
}

/** The time of a line as RFC 3339. Lines of the same millisecond share its text. */
function createTimestamp(): () => string {
  let [at, text] = [0, ""];
  return () => {
    const now = Date.now();
    if (now !== at) [at, text] = [now, `,"time":"${new Date(now).toISOString()}"`];
    return text;
  };
}

/** The facts of a line without secrets. */
function redact(facts: Record<string, unknown>): Record<string, unknown> {
  const isClean = Object.keys(facts).every((name) => !SECRET_NAMES.has(name) && !isRecord(facts[name]));
  if (isClean) return facts;
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [
      name,
      SECRET_NAMES.has(name) ? REDACTED : isRecord(value) ? Object.fromEntries(Object.entries(value).map(redactMember)) : value,
    ]),
  );
}

const redactMember = ([name, value]: [string, unknown]): [string, unknown] => [name, SECRET_NAMES.has(name) ? REDACTED : value];

/** No error, which has a serializer, no list, and nothing that says itself what JSON has of it, as a `Date` does. */
const isRecord = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Error) && !("toJSON" in value);

interface Output {
  stream: DestinationStream;
  /** Writes what waits. */
  flush(): void;
}

let standardOutput: Output | undefined;

/** One for the process: lines of several logs keep their order. A line that cannot be written must not end the process. */
function openStandardOutput(): Output {
  if (standardOutput) return standardOutput;
  let isEnding = false;
  const stream = pino.destination({
    dest: 1,
    sync: true,
    minLength: WRITE_BYTES - 1,
    maxWrite: WRITE_BYTES,
    periodicFlush: LOG_FLUSH_MS,
    maxLength: MAXIMUM_UNWRITTEN_BYTES,
    // Node makes a pipe that is its standard output one that does not block. What it does not take is written with the next lines.
    retryEAGAIN: (_error, _writing, waiting) => isEnding || waiting >= WAITED_FOR_BYTES,
  });
  stream.on("error", () => {});
  // Not `flushSync`, which tries without end where the disk is full. Twice: the first leaves what is shorter than a write.
  process.once("exit", () => {
    isEnding = true;
    stream.flush();
    stream.flush();
  });
  standardOutput = { stream, flush: () => stream.flush() };
  return standardOutput;
}

/** What an error is and where it came from, and none of its further members: drivers keep queries, answers and addresses there. */
function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error };
  const { name: type, message, stack, cause } = error;
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  return { type, message, ...(code && { code }), stack, ...(cause !== undefined && { cause: describeError(cause) }) };
}
