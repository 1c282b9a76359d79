import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { constants, gzipSync } from "node:zlib";

/** A built file, as it is sent. */
export interface Asset {
  type: string;
  plain: Buffer;
  gzipped: Buffer;
  /** From the content. Weak, as it is the same for both encodings (RFC 9110 section 8.8.3.3). */
  etag: string;
}

const contentTypes: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".woff2": "font/woff2",
};

/** Built pages stand beside the built gateway, and the gateway's sources beside `dist`. */
const distributions = ["../../", "../../dist/"].map((path) => fileURLToPath(new URL(path, import.meta.url)));

/** Reads the built files of `folder` in the distribution, by their path; null when they have not been built. */
export function readAssets(folder: "catalog" | "browser"): ReadonlyMap<string, Asset> | null {
  const directory = distributions.map((distribution) => join(distribution, folder)).find((path) => existsSync(join(path, entryOf[folder])));
  if (!directory) return null;
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files.map((file) => {
      const path = join(file.parentPath, file.name);
      return [path.slice(directory.length).replaceAll("\\", "/").replace(/^\/?/, "/"), toAsset(path)];
    }),
  );
}

const entryOf = { catalog: "index.html", browser: "xkit.js" } as const;

function toAsset(path: string): Asset {
  const plain = readFileSync(path);
  return {
    type: contentTypes[extname(path)] ?? "application/octet-stream",
    plain,
    gzipped: gzipSync(plain, { level: constants.Z_BEST_COMPRESSION }),
    etag: `W/"${createHash("sha256").update(plain).digest("base64url")}"`,
  };
}
