import { createReadStream } from "node:fs";
import type { ImportStatus } from "../../schema/upstream.ts";
import type { Config } from "../config/config.ts";
import { codeOf } from "../config/explain-error.ts";
import type { Audit } from "../custody/audit.ts";
import { theOperator } from "../custody/audit-event.ts";
import { recordImports } from "../custody/record-imports.ts";
import { createRecorder } from "../custody/recorder.ts";
import type { Services } from "../services.ts";
import type { ReadLine } from "../transfer/dumps/read.ts";
import { importLines, type LineResult } from "../transfer/import-lines.ts";
import { readLines } from "../transfer/lines.ts";
import { isVerified, type Verification, verifyImported } from "../transfer/verify-imported.ts";
import { createReader } from "./import-formats.ts";
import { print } from "./print.ts";
import { UsageError } from "./usage-error.ts";
import { withConnectors } from "./with-services.ts";
import { withVault } from "./with-vault.ts";

/** How many lines are read between two progress notes. */
const NOTE_EVERY_LINES = 10_000;

export interface ImportOptions {
  "dry-run"?: boolean;
  verify?: boolean;
  json?: boolean;
  from?: string;
  map?: string;
}

/** A line, and the result of refreshing its connection; null: it was not refreshed. */
type Told = LineResult & { verification: Verification | null };

/** What happens to each batch of lines once it is imported. */
type Verify = (results: readonly LineResult[]) => Promise<ReadonlyMap<string, Verification>>;

/**
 * `import`: stores the connections of a file, or prints in a dry run what would happen to each. Exits with 1 if a line is refused, or a
 * verified connection does not work. Prints no token.
 */
export async function importFile(path: string, options: ImportOptions): Promise<void> {
  const { "dry-run": isDryRun = false, verify: isVerifying = false } = options;
  if (isDryRun && isVerifying) throw new UsageError("--verify refreshes tokens, and --dry-run changes nothing: use one of them.");
  await withConnectors(
    async (services, config) => {
      if (config.upstream.kind !== "vault") throw new UsageError("This gateway's upstream holds its connections: import them there.");
      const importing = { services, config, readLine: await createReader(options, config.connectors, process.env) };
      if (!isDryRun) console.error(BEFORE_IMPORTING);
      if (!isVerifying) return importLinesOf(path, options, importing, async () => new Map());
      await withVault(services, config, ({ actions }) =>
        importLinesOf(path, options, importing, (results) => verifyImported(services.database, actions.refresh, results)),
      );
    },
    { mayCreateStore: !isDryRun },
  );
}

const BEFORE_IMPORTING =
  "Configure the connectors with the client ids of the old system, and stop the old system first: many providers revoke a grant that two systems refresh.";

interface Importing {
  services: Services;
  config: Config;
  readLine: ReadLine;
}

async function importLinesOf(
  path: string,
  options: ImportOptions,
  { services, config, readLine }: Importing,
  verify: Verify,
): Promise<void> {
  const { "dry-run": isDryRun = false, json: isJson = false } = options;
  const { database, audit } = services;
  const recorder = createRecorder({ ...config, clock: database.clock });
  const dependencies = { ...services, connectors: config.connectors, recorder };
  const counts: Record<ImportStatus, number> = { imported: 0, skipped: 0, kept: 0, refused: 0 };
  let [read, broken] = [0, 0];
  for await (const results of importLines(dependencies, readLines(openFile(path)), { read: readLine, isDryRun })) {
    if (!isDryRun) await keepInAudit(audit, results);
    const verified = await verify(results);
    const told = results.map((result): Told => ({ ...result, verification: verified.get(result.connectionId ?? "") ?? null }));
    for (const { status, verification } of told) {
      counts[status] += 1;
      if (verification && !isVerified(verification)) broken += 1;
    }
    read += results.length;
    await print(told.filter((each) => isJson || isDryRun || isTold(each)).map(isJson ? toJson : toText));
    if (read % NOTE_EVERY_LINES === 0) console.error(`${read} lines`);
  }
  const sum = Object.entries(counts).map(([status, count]) => `${count} ${status}`);
  const notes = `${isDryRun ? " Nothing was written: this was a dry run." : ""}${broken > 0 ? ` ${broken} do not work.` : ""}`;
  console.error(`${read} connections: ${sum.join(", ")}.${notes}`);
  if (counts.refused > 0 || broken > 0) process.exitCode = 1;
}

/** Written before the next batch is imported, so that the audit holds at most one batch in memory. */
async function keepInAudit(audit: Audit, results: readonly LineResult[]): Promise<void> {
  recordImports(audit, results, { actor: theOperator });
  // If the store fails now, the audit writes them later.
  await audit.flush().catch(() => {});
}

/** Lines without a problem are counted, and not printed. */
const isTold = ({ status, verification }: Told): boolean =>
  status === "imported" ? verification !== null && !isVerified(verification) : true;

/** `-` is standard input. Throws `UsageError` if the file cannot be read. */
async function* openFile(path: string): AsyncGenerator<Uint8Array> {
  try {
    const chunks: AsyncIterable<Uint8Array> = path === "-" ? process.stdin : createReadStream(path);
    yield* chunks;
  } catch (error) {
    const code = codeOf(error);
    throw code === "" ? error : new UsageError(`${path} cannot be read (${code}).`);
  }
}

const toText = ({ line, status, connector, owner, messages, verification }: Told): string => {
  const whose = owner && connector ? `  ${connector} of ${owner.kind} ${owner.id}` : "";
  const shown = verification ? `  ${verification.status}: ${verification.message}` : "";
  return `line ${line}  ${status}${whose}${messages.map((message) => `  ${message}`).join("")}${shown}`;
};

const toJson = ({ line, status, importId, owner, connector, connectionId, messages, verification }: Told): string =>
  JSON.stringify({ line, status, import_id: importId, owner, connector, connection_id: connectionId, messages, verification });
