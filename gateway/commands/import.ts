import { createReadStream } from "node:fs";
import { codeOf } from "../config/explain-error.ts";
import type { ImportStatus } from "../transfer/decide.ts";
import { importLines, type LineResult } from "../transfer/import-lines.ts";
import { readLines } from "../transfer/lines.ts";
import { createReader } from "./import-formats.ts";
import { print } from "./print.ts";
import { UsageError } from "./usage-error.ts";
import { withConnectors } from "./with-services.ts";

/** How many lines are read between two notes of how far it is. */
const NOTE_EVERY_LINES = 10_000;

export interface ImportOptions {
  "dry-run"?: boolean;
  json?: boolean;
  from?: string;
  map?: string;
}

/**
 * `import`: stores the connections of a file, or says in a dry run what would become of each. Exits with 1 where a line is refused. Says
 * nothing of a token.
 */
export async function importFile(path: string, options: ImportOptions): Promise<void> {
  const { "dry-run": isDryRun = false, json: isJson = false } = options;
  await withConnectors(
    async (services, { connectors, upstream }) => {
      if (upstream.kind !== "vault") throw new UsageError("The connections of this gateway are its upstream's: import them there.");
      const readLine = await createReader(options, connectors, process.env);
      const dependencies = { ...services, connectors };
      const counts: Record<ImportStatus, number> = { imported: 0, skipped: 0, kept: 0, refused: 0 };
      let read = 0;
      for await (const results of importLines(dependencies, readLines(openFile(path)), { read: readLine, isDryRun })) {
        for (const { status } of results) counts[status] += 1;
        read += results.length;
        const told = isJson || isDryRun ? results : results.filter(({ status }) => status !== "imported");
        await print(told.map(isJson ? toJson : toText));
        if (read % NOTE_EVERY_LINES === 0) console.error(`${read} lines`);
      }
      const sum = Object.entries(counts).map(([status, count]) => `${count} ${status}`);
      console.error(`${read} connections: ${sum.join(", ")}.${isDryRun ? " Nothing was written: this was a dry run." : ""}`);
      if (counts.refused > 0) process.exitCode = 1;
    },
    { mayCreateStore: true },
  );
}

/** `-` is what is piped in. Throws `UsageError` where the file cannot be read. */
async function* openFile(path: string): AsyncGenerator<Uint8Array> {
  try {
    const chunks: AsyncIterable<Uint8Array> = path === "-" ? process.stdin : createReadStream(path);
    yield* chunks;
  } catch (error) {
    const code = codeOf(error);
    throw code === "" ? error : new UsageError(`${path} cannot be read (${code}).`);
  }
}

const toText = ({ line, status, connector, owner, messages }: LineResult): string => {
  const whose = owner && connector ? `  ${connector} of ${owner.kind} ${owner.id}` : "";
  return `line ${line}  ${status}${whose}${messages.map((message) => `  ${message}`).join("")}`;
};

const toJson = ({ line, status, importId, owner, connector, connectionId, messages }: LineResult): string =>
  JSON.stringify({ line, status, import_id: importId, owner, connector, connection_id: connectionId, messages });
