import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { chooseEncoding } from "./content-encoding.ts";

/** A built file, as it is sent. */
export interface Asset {
  type: string;
  plain: Buffer;
  gzipped: Buffer;
  brotli: Buffer;
  /** From the content. Weak, as it is the same for all encodings (RFC 9110 section 8.8.3.3). */
  etag: string;
}

/** Names with a hash of the content never change their meaning. */
export const IMMUTABLE = "public, max-age=31536000, immutable";
/** What a reader that does not read keeps at most beside its socket's buffer: 64 KiB. */
const CHUNK_BYTES = 65_536;
/** Of 11: takes less space than gzip at its best, and no more time. The next one takes ten times as long. */
const BROTLI_QUALITY = 9;

const contentTypes: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".md": "text/markdown; charset=utf-8",
  ".txt": "text/plain; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".woff2": "font/woff2",
};

/** Built pages stand beside the built gateway, and the gateway's sources beside `dist`. */
const distributions = ["../../", "../../dist/"].map((path) => fileURLToPath(new URL(path, import.meta.url)));
const entryOf = { catalog: "index.html", graphiql: "index.html", docs: "index.html", browser: "xkit.js" } as const;

/** Reads the built files of `folder` in the distribution, by their path; null when they have not been built. */
export function readAssets(folder: keyof typeof entryOf): ReadonlyMap<string, Asset> | null {
  const directory = distributions.map((distribution) => join(distribution, folder)).find((path) => existsSync(join(path, entryOf[folder])));
  if (!directory) return null;
  const files = readdirSync(directory, { recursive: true, withFileTypes: true });
  return new Map(
    files
      .filter((file) => file.isFile() && !isCompressed(file.name))
      .map((file) => {
        const path = join(file.parentPath, file.name);
        return [path.slice(directory.length).replaceAll("\\", "/").replace(/^\/?/, "/"), readAsset(path)];
      }),
  );
}

const isCompressed = (name: string): boolean => /\.(br|gz)$/.test(name);

/** Reads a file, and its compressed forms where they stand beside it. */
export function readAsset(file: string | URL): Asset {
  const path = typeof file === "string" ? file : fileURLToPath(file);
  const type = contentTypes[extname(path)] ?? "application/octet-stream";
  return createAsset(type, readFileSync(path), { gzipped: readIfThere(`${path}.gz`), brotli: readIfThere(`${path}.br`) });
}

/** An asset of this content. What is not compressed already is. */
export const createAsset = (
  type: string,
  plain: Buffer,
  { gzipped, brotli }: { gzipped: Buffer | null; brotli: Buffer | null } = { gzipped: null, brotli: null },
): Asset => ({
  type,
  plain,
  gzipped: gzipped ?? gzipSync(plain, { level: constants.Z_BEST_COMPRESSION }),
  brotli: brotli ?? brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } }),
  etag: `W/"${createHash("sha256").update(plain).digest("base64url")}"`,
});

const readIfThere = (path: string): Buffer | null => (existsSync(path) ? readFileSync(path) : null);

/**
 * Answers with an asset, compressed as the reader takes it, or with 304 when the reader has it. All readers share its bytes.
 * A `vary` among the headers says what else it was chosen by.
 */
export function serveAsset({ headers: asked }: Request, asset: Asset, headers: Record<string, string>): Response {
  const all = {
    ...headers,
    etag: asset.etag,
    vary: ["accept-encoding", ...(headers["vary"] === undefined ? [] : [headers["vary"]])].join(", "),
  };
  if (asked.get("if-none-match")?.includes(asset.etag)) return new Response(null, { status: 304, headers: all });
  const [encoding, bytes] = choose(asset, asked.get("accept-encoding"));
  return new Response(toStream(bytes), {
    headers: {
      ...all,
      ...(encoding !== null && { "content-encoding": encoding }),
      "content-type": asset.type,
      "content-length": String(bytes.length),
    },
  });
}

function choose({ plain, gzipped, brotli }: Asset, accepted: string | null): [encoding: string | null, bytes: Buffer] {
  const encoding = chooseEncoding(accepted);
  return [encoding, encoding === null ? plain : { br: brotli, gzip: gzipped }[encoding]];
}

/** A `Response` of a buffer would copy it for each reader, whole. */
function toStream(bytes: Buffer): ReadableStream<Uint8Array> {
  let sent = 0;
  return new ReadableStream(
    {
      pull(controller) {
        if (sent >= bytes.length) return controller.close();
        controller.enqueue(bytes.subarray(sent, sent + CHUNK_BYTES));
        sent += CHUNK_BYTES;
      },
    },
    { highWaterMark: 0 },
  );
}
