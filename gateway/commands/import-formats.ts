import { UsageError } from "./usage-error.ts";
import { type BetterAuthOptions, createBetterAuthReader } from "../transfer/dumps/better-auth.ts";
import { createJsonReader } from "../transfer/dumps/lines-of-json.ts";
import { createNangoReader } from "../transfer/dumps/nango.ts";
import type { ReadLine } from "../transfer/dumps/read.ts";
import type { Connectors } from "../transfer/prepare.ts";
import { RecipientKeyError } from "../transfer/recipient.ts";

/** Formats of a dump. */
const formats = ["jsonl", "nango", "better-auth"] as const;
type Format = (typeof formats)[number];
const isFormat = (text: string): text is Format => formats.some((format) => format === text);

/** Creates the reader for a dump's lines. Keys come only from the environment, because other users of the machine can see arguments. Throws `UsageError`. */
export async function createReader(
  { from = "jsonl", map }: { from?: string; map?: string },
  connectors: Connectors,
  environment: NodeJS.ProcessEnv,
): Promise<ReadLine> {
  if (!isFormat(from)) throw new UsageError(`--from must be one of ${formats.join(", ")}.`);
  const connectorOf = parseMap(map);
  if (from === "jsonl") return explaining("XKIT_IMPORT_KEY", () => createJsonReader(environment["XKIT_IMPORT_KEY"]));
  if (from === "nango")
    return explaining("NANGO_ENCRYPTION_KEY", () =>
      createNangoReader({ connectors, connectorOf, key: environment["NANGO_ENCRYPTION_KEY"] }),
    );
  return createBetterAuthReader({ connectorOf, open: await createTokenOpener(environment) });
}

function explaining(name: string, create: () => ReadLine): ReadLine {
  try {
    return create();
  } catch (error) {
    if (error instanceof RecipientKeyError || error instanceof TypeError) throw new UsageError(`${name} ${error.message}.`);
    throw error;
  }
}

/** `theirs=ours,…`. */
function parseMap(text = ""): ReadonlyMap<string, string> {
  const pairs = text.split(",").filter((pair) => pair !== "");
  return new Map(
    pairs.map((pair) => {
      const [theirs = "", ours = "", ...more] = pair.split("=");
      if (theirs === "" || ours === "" || more.length > 0)
        throw new UsageError("--map must be a list such as google-mail=gmail,slack-bot=slack.");
      return [theirs, ours] as const;
    }),
  );
}

/** Uses better-auth's own functions. Null if its secret is set to an empty value: then tokens are stored as plain text. */
async function createTokenOpener({
  BETTER_AUTH_SECRET: secret,
  BETTER_AUTH_SECRETS: secrets,
}: NodeJS.ProcessEnv): Promise<BetterAuthOptions["open"]> {
  if (secret === undefined && secrets === undefined)
    throw new UsageError("Set BETTER_AUTH_SECRET to better-auth's secret. If account.encryptOAuthTokens is off, set it to an empty value.");
  if (!secret && !secrets) return null;
  const { symmetricDecrypt } = await import("better-auth/crypto").catch(() => {
    throw new UsageError("--from better-auth needs the package better-auth to decrypt tokens: npm install better-auth");
  });
  const keys = new Map((secrets ?? "").split(",").flatMap((entry) => parseSecret(entry)));
  const [currentVersion = 0] = keys.keys();
  const key = keys.size > 0 ? { keys, currentVersion, ...(secret && { legacySecret: secret }) } : (secret ?? "");
  return (data) => symmetricDecrypt({ key, data });
}

/** `version:secret`, as better-auth writes it. */
function parseSecret(entry: string): [number, string][] {
  const [, version, secret] = /^\s*(\d+):(.+)$/.exec(entry) ?? [];
  return version === undefined || secret === undefined ? [] : [[Number(version), secret.trim()]];
}
