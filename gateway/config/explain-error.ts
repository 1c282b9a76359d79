import { GatewayError } from "../../schema/errors.ts";
import { BackupError } from "../store/backup-error.ts";
import { MigrationError } from "../store/migrations/migrate.ts";
import { ConfigError } from "./config.ts";
import { NoConfigFileError } from "./no-config-file.ts";
import { WorkersError } from "./workers-error.ts";

const TRUST = "trust the server's certificate with sslrootcert=<file>, or see docs/guides/postgres.md for what each sslmode checks";
/** What to do about an error of the store's driver, by its code. The driver's own text is added, and never stands alone. */
const adviceOf: readonly (readonly [code: RegExp, advice: string])[] = [
  [
    /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|ECONNRESET)$/,
    "The database server cannot be reached: check host and port in DATABASE_URL, and that the server runs",
  ],
  [/^(28...)$/, "Postgres refuses the login: check user and password in DATABASE_URL"],
  [/^3D000$/, "The database does not exist: create it, or check its name in DATABASE_URL"],
  [
    /^(42P07|42710)$/,
    "The database has tables of another application with the same names: give the gateway its own database, or its own schema with search_path, for example DATABASE_URL=postgres://…?options=-c%20search_path%3Dxkit",
  ],
  [/^(42501|3F000)$/, "The user of DATABASE_URL may not create tables here: grant it CREATE on the schema that search_path names"],
  [/^25006$/, "The database server is read-only: set DATABASE_URL to the primary server"],
  [/^53...$/, "Postgres is out of connections, memory or disk space: free some, or raise its limits"],
  [/^55000$/, "The database accepts no connections: run alter database … with allow_connections true"],
  [/^57P0.$/, "Postgres is starting or stopping: try again shortly"],
  [/^08P01$/, "The database server or pooler refuses the connection: check DATABASE_URL, and the log of the server or pooler"],
  [/^(SELF_SIGNED_CERT|DEPTH_ZERO|UNABLE_TO|CERT_|ERR_TLS)/, `The database server's certificate is not trusted: ${TRUST}`],
  [/^SQLITE_(CANTOPEN|READONLY)/, "The file in DATABASE_URL cannot be opened for writing: check its folder and its permissions"],
  [
    /^SQLITE_(NOTADB|CORRUPT)/,
    "The file in DATABASE_URL is damaged or is not a SQLite database: restore a backup, or set DATABASE_URL to another file",
  ],
  [/^SQLITE_BUSY/, "Another process has locked the file in DATABASE_URL: stop that process, or try again"],
  [/^(SQLITE_FULL|ENOSPC)/, "The disk is full: free some space"],
  [/^(ENOENT|ENOTDIR|EISDIR)$/, "A file or folder does not exist: check DATABASE_URL and the files that it names"],
  [/^(EACCES|EPERM|EROFS)$/, "A file or folder cannot be accessed: check its permissions"],
];
/** Of pg, which has no codes for them. */
const adviceOfMessage: readonly (readonly [message: RegExp, advice: string])[] = [
  [/does not support SSL/, "The database server does not offer TLS: remove sslmode from DATABASE_URL, or turn TLS on at the server"],
  [
    /^(Connection terminated|timeout exceeded)/,
    "The database server cannot be reached: check host and port in DATABASE_URL, and that the server runs",
  ],
  [/^ConnectionFailed/, "The file in DATABASE_URL cannot be opened: check its folder and its permissions"],
];

const explained = [ConfigError, NoConfigFileError, WorkersError, MigrationError, BackupError];

const isExplained = (error: unknown): error is Error => explained.some((type) => error instanceof type);

/** Mistakes of configuration are told as sentences, not as stack traces. */
export function explainFailure(error: unknown): string {
  if (isExplained(error)) return error.message;
  // The store's errors are sorted, and name the driver's as their cause.
  if (error instanceof GatewayError) return explainFailure(error.cause ?? error.message);
  const code = codeOf(error);
  if (!(error instanceof Error)) return String(error);
  if (code === "EADDRINUSE") return `Port ${"port" in error ? String(error.port) : ""} is already in use: set PORT to a free port.`;
  if ("syscall" in error && error.syscall === "listen")
    return `The gateway could not start. It cannot listen on its address: check HOST and PORT. (${code}: ${error.message})`;
  // An address that several names stand for fails with as many errors and no message of its own.
  const message = error instanceof AggregateError ? error.errors.map(messageOf).join("; ") : error.message;
  const [, advice] = adviceOf.find(([pattern]) => pattern.test(code)) ?? adviceOfMessage.find(([pattern]) => pattern.test(message)) ?? [];
  const details = code ? `${code}: ${message}` : message;
  if (advice !== undefined) return `The gateway could not start. ${advice}. (${details})`;
  return code ? `The gateway could not start (${code}): ${message}` : (error.stack ?? message);
}

/** The system's code of an error, as `ENOENT`; empty where there is none. */
export const codeOf = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : "");

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
