import { ConfigError } from "./config.ts";
import { BackupError } from "../store/backup-error.ts";
import { MigrationError } from "../store/migrations/migrate.ts";

/** Mistakes of configuration are told as sentences, not as stack traces. */
export function explainFailure(error: unknown): string {
  if (error instanceof ConfigError || error instanceof MigrationError || error instanceof BackupError) return error.message;
  const code = codeOf(error);
  if (code === "EADDRINUSE") return "The port is already in use: set PORT to another one.";
  if (!(error instanceof Error)) return String(error);
  // An address that several names stand for fails with as many errors and no message of its own.
  const message = error instanceof AggregateError ? error.errors.map(messageOf).join("; ") : error.message;
  return code ? `The gateway could not start (${code}): ${message}` : (error.stack ?? message);
}

/** The system's code of an error, as `ENOENT`; empty where there is none. */
export const codeOf = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : "");

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
