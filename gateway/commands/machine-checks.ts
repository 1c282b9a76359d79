import { existsSync } from "node:fs";
import { access, constants, statfs } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { type Config, dataDirectoryOf } from "../config/config.ts";
import { fetchResponse, type HttpResponse, NoResponseError } from "../http/fetch.ts";
import { isLoopback } from "../http/secure-endpoint.ts";
import { safeParseJson } from "../runtime/json.ts";
import type { Check } from "./check.ts";

/** How long a gateway may take to answer, in milliseconds. */
const TIMEOUT_MS = 5_000;
/** Less free space, in bytes, is a warning: SQLite and spooled tokens need some. */
const LITTLE_SPACE_BYTES = 1_073_741_824;
const NO_SPACE_BYTES = 52_428_800;
const HTTP_OK = 200;

/** Whether a gateway answers at this one's address, or the port is free. */
export async function checkListening({ host, port }: Config): Promise<Check[]> {
  if (port === 0) return [{ about: "listening", level: "ok", text: "PORT is 0: the gateway takes any free port" }];
  const address = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  const url = `http://${address.includes(":") ? `[${address}]` : address}:${port}`;
  const answer = await ask(`${url}/readyz`);
  if (answer instanceof NoResponseError) {
    if (answer.code === "unreachable") return [{ about: "listening", level: "warning", text: `no gateway is running at ${url}` }];
    return [{ about: "listening", level: "error", text: `the server at ${url} does not answer (${answer.code})` }];
  }
  const { data } = readySchema.safeParse(safeParseJson(answer.text));
  if (!data) return [{ about: "listening", level: "error", text: `another server uses ${url}: set PORT to a free port` }];
  if (data.status === "ready") return [{ about: "listening", level: "ok", text: `a gateway at ${url} is ready` }];
  return [
    {
      about: "listening",
      level: answer.status === HTTP_OK ? "warning" : "error",
      text: `the gateway at ${url} reports: ${data.reason ?? data.error}`,
    },
  ];
}

const readySchema = z.union([
  z.object({ status: z.enum(["ready", "degraded"]), reason: z.string().optional(), error: z.undefined().optional() }),
  z.object({ error: z.string(), reason: z.undefined().optional(), status: z.undefined().optional() }),
]);

/** Whether the folders of the store and of spooled tokens can be written to, and have space. */
export async function checkDisk({ databaseUrl, spoolDirectory }: Config): Promise<Check[]> {
  const folders = new Set([...(databaseUrl.startsWith("file:") ? [dataDirectoryOf(databaseUrl)] : []), spoolDirectory].map(existingFolder));
  return Promise.all(
    [...folders].map(async (folder): Promise<Check> => {
      try {
        await access(folder, constants.W_OK);
      } catch {
        return { about: "disk", level: "error", text: `this user cannot write to ${folder}` };
      }
      const { bavail, bsize } = await statfs(folder);
      const free = bavail * bsize;
      const text = `${folder} has ${Math.floor(free / BYTES_PER_MEGABYTE)} MB free`;
      return { about: "disk", level: free < NO_SPACE_BYTES ? "error" : free < LITTLE_SPACE_BYTES ? "warning" : "ok", text };
    }),
  );
}

const BYTES_PER_MEGABYTE = 1_000_000;

/** The folder, or the nearest folder above it that exists. */
function existingFolder(path: string): string {
  const folder = resolve(path);
  return existsSync(folder) || folder === dirname(folder) ? folder : existingFolder(dirname(folder));
}

/** Whether browsers reach this gateway with https at `XKIT_PUBLIC_URL`. */
export async function checkPublicUrl({ publicUrl, mode, host }: Config): Promise<Check[]> {
  const { protocol, hostname } = new URL(publicUrl);
  const about = "public URL";
  if (mode === "production" && isLoopback(hostname))
    return [{ about, level: "warning", text: `${publicUrl} is reachable only from this machine: set XKIT_PUBLIC_URL` }];
  if (protocol === "http:" && !isLoopback(hostname)) return [{ about, level: "error", text: `${publicUrl} is not https` }];
  const answer = await ask(`${publicUrl}/healthz`);
  if (answer instanceof NoResponseError)
    return [
      { about, level: "warning", text: `${publicUrl} does not answer (${answer.code}): check the name, the proxy and its certificate` },
    ];
  if (answer.status !== HTTP_OK || !aliveSchema.safeParse(safeParseJson(answer.text)).success)
    return [
      {
        about,
        level: "error",
        text: `${publicUrl}/healthz answers with ${answer.status}, but not as a gateway does: check where the proxy forwards to`,
      },
    ];
  const ends = protocol === "https:" ? `a proxy ends TLS in front of ${host}` : "without TLS, on this machine only";
  return [{ about, level: "ok", text: `a gateway answers at ${publicUrl} (${ends})` }];
}

const aliveSchema = z.object({ status: z.literal("alive") });

/** The answer, or the reason why there is none. */
async function ask(url: string): Promise<HttpResponse | NoResponseError> {
  try {
    return await fetchResponse(url, { method: "GET", headers: { accept: "application/json" }, body: null }, { timeoutMs: TIMEOUT_MS });
  } catch (error) {
    if (error instanceof NoResponseError) return error;
    throw error;
  }
}
