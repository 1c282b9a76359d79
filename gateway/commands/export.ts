import { createWriteStream, readFileSync, type WriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import { codeOf } from "../config/explain-error.ts";
import { theOperator } from "../custody/audit-event.ts";
import { exportLines } from "../transfer/export-lines.ts";
import { createLineSealer, RecipientKeyError, type SealLine } from "../transfer/recipient.ts";
import { UsageError } from "./usage-error.ts";
import { withConnectors } from "./with-services.ts";

/** Only the account that runs this may read the file. */
const OWNER_ONLY = 0o600;

/**
 * `export`: writes the working connections to a new file, or to standard output, each sealed to a recipient's key. Exits with 1 if one could
 * not be exported.
 */
export async function exportConnections(path: string, { to }: { to?: string }): Promise<void> {
  if (to === undefined) throw new UsageError("export needs --to <file>, the recipient's public key as PEM or JWK.");
  const seal = readRecipient(to);
  await withConnectors(async (services, { connectors, upstream }) => {
    if (upstream.kind !== "vault") throw new UsageError("This gateway's upstream holds its connections: export them there.");
    const output = path === "" ? process.stdout : await createFile(path);
    // Before the first line is written, so that a process that is killed later leaves a record.
    services.audit.record({ action: "connection.export", actor: theOperator, outcome: "started" });
    await services.audit.flush();
    let [exported, left] = [0, 0];
    for await (const each of exportLines({ ...services, connectors }, seal)) {
      if ("line" in each) {
        await write(output, `${each.line}\n`);
        exported += 1;
      } else {
        console.error(`${each.connector}  ${each.id}  left out  ${each.problem}`);
        left += 1;
      }
    }
    services.audit.record({ action: "connection.export", actor: theOperator, outcome: "exported", details: { connections: exported } });
    if (output !== process.stdout) await finished(output.end());
    console.error(`${exported} connections exported, ${left} left out. Stop this gateway before another one uses them.`);
    console.error("If the provider rotates refresh tokens, two gateways that hold one grant end it.");
    if (left > 0) process.exitCode = 1;
  });
}

function readRecipient(path: string): SealLine {
  try {
    return createLineSealer(readFileSync(path, "utf8"));
  } catch (error) {
    if (error instanceof RecipientKeyError) throw new UsageError(`${path} ${error.message}.`);
    throw new UsageError(`${path} cannot be read (${codeOf(error)}).`);
  }
}

/** Never overwrites a file. */
async function createFile(path: string): Promise<WriteStream> {
  const stream = createWriteStream(path, { flags: "wx", mode: OWNER_ONLY });
  try {
    await new Promise<void>((resolve, reject) => void stream.once("open", () => resolve()).once("error", reject));
  } catch (error) {
    throw new UsageError(
      `${path} cannot be created (${codeOf(error)}): name a file that does not exist, in a folder that can be written to.`,
    );
  }
  return stream;
}

const write = (stream: NodeJS.WritableStream, text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    stream.write(text, (error) => (error ? reject(error) : resolve()));
  });
