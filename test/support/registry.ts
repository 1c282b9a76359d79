import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { z } from "zod";
import { listen } from "./server-io.ts";

const manifestSchema = z.looseObject({ name: z.string(), version: z.string() });

interface Published {
  name: string;
  file: string;
  bytes: Buffer;
  packument: (origin: string) => object;
}

/** What a registry says of a package that was published. `_hasShrinkwrap` is what has npm read the shrinkwrap in it. */
function publish(tarball: string): Published {
  const manifest = manifestSchema.parse(JSON.parse(execFileSync("tar", ["-xOf", tarball, "package/package.json"], { encoding: "utf8" })));
  const hasShrinkwrap = execFileSync("tar", ["-tf", tarball], { encoding: "utf8" }).includes("package/npm-shrinkwrap.json");
  const { name, version } = manifest;
  const bytes = readFileSync(tarball);
  const file = basename(tarball);
  const integrity = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
  const packument = (origin: string) => ({
    name,
    "dist-tags": { latest: version },
    versions: { [version]: { ...manifest, _hasShrinkwrap: hasShrinkwrap, dist: { tarball: `${origin}/${file}`, integrity } } },
  });
  return { name, file, bytes, packument };
}

/** An npm registry on 127.0.0.1 that has these tarballs, and sends for all others to the one that npm is configured for. */
export async function startRegistry(tarballs: readonly string[]): Promise<{ url: string; close: () => Promise<void> }> {
  const configured = execFileSync("npm", ["config", "get", "registry"], { encoding: "utf8" }).trim();
  const published = tarballs.map(publish);
  const server = await listen(async (request, response) => {
    const path = decodeURIComponent(request.url ?? "").slice(1);
    const named = published.find(({ name }) => name === path);
    const filed = published.find(({ file }) => file === path);
    if (named) response.setHeader("content-type", "application/json").end(JSON.stringify(named.packument(server.url)));
    else if (filed) response.end(filed.bytes);
    else response.writeHead(307, { location: new URL(request.url?.slice(1) ?? "", configured).href }).end();
  });
  return server;
}
