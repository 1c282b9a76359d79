import { existsSync } from "node:fs";
import { access, constants, statfs } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { type Config, dataDirectoryOf } from "../config/config.ts";
import { fetchResponse, type HttpResponse, NoResponseError } from "../http/fetch.ts";
import { isLoopback } from "../http/secure-endpoint.ts";
import { safeParseJson } from "../runtime/json.ts";
import type { Check } from "./check.ts";

/** Longest that a gateway has to answer, in milliseconds. */
const TIMEOUT_MS = 5_000;
/** Less free space than that, in bytes, is told: SQLite and spooled tokens need some. */
const LITTLE_SPACE_BYTES = 1_073_741_824;
const NO_SPACE_BYTES = 52_428_800;
const HTTP_OK = 200;

/** Whether a gateway answers where this one listens, or the port is free. */
export async function checkListening({ host, port }: Config): Promise<Check[]> {
  if (port === 0) return [{ about: "listening", level: "ok", text: "PORT 0 asks for any free port" }];
  const address = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  const url = `http://${address.includes(":") ? `[${address}]` : address}:${port}`;
  const answer = await ask(`${url}/readyz`);
  if (answer instanceof NoResponseError) {
    if (answer.code === "unreachable")
      return [{ about: "listening", level: "warning", text: `no gateway listens at ${url}: it is not started` }];
    return [{ about: "listening", level: "error", text: `what listens at ${url} does not answer (${answer.code})` }];
  }
  const { data } = readySchema.safeParse(safeParseJson(answer.text));
  if (!data) return [{ about: "listening", level: "error", text: `what listens at ${url} is no gateway: set PORT to another one` }];
  if (data.status === "ready") return [{ about: "listening", level: "ok", text: `a gateway at ${url} is ready` }];
  return [
    {
      about: "listening",
      level: answer.status === HTTP_OK ? "warning" : "error",
      text: `the gateway at ${url} says: ${data.reason ?? data.error}`,
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
        return { about: "disk", level: "error", text: `${folder} cannot be written to by this user` };
      }
      const { bavail, bsize } = await statfs(folder);
      const free = bavail * bsize;
      const text = `${folder} has ${Math.floor(free / BYTES_PER_MEGABYTE)} MB free`;
      return { about: "disk", level: free < NO_SPACE_BYTES ? "error" : free < LITTLE_SPACE_BYTES ? "warning" : "ok", text };
    }),
  );
}

const BYTES_PER_MEGABYTE = 1_000_000;

/** The folder, or the nearest one above it that is there. */
function existingFolder(path: string): string {
  const folder = resolve(path);
  return existsSync(folder) || folder === dirname(folder) ? folder : existingFolder(dirname(folder));
}

/** Whether browsers reach this gateway by https at `XKIT_PUBLIC_URL`. */
export async function checkPublicUrl({ publicUrl, mode, host }: Config): Promise<Check[]> {
  const { protocol, hostname } = new URL(publicUrl);
  const about = "public URL";
  if (mode === "production" && isLoopback(hostname))
    return [{ about, level: "warning", text: `${publicUrl} is this machine: no other one reaches it. Set XKIT_PUBLIC_URL` }];
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
        text: `${publicUrl}/healthz answers ${answer.status}, but not as a gateway does: the proxy leads elsewhere`,
      },
    ];
  const ends = protocol === "https:" ? `a proxy ends TLS before ${host}` : "without TLS, as on this machine alone";
  return [{ about, level: "ok", text: `${publicUrl} leads to a gateway (${ends})` }];
}

const aliveSchema = z.object({ status: z.literal("alive") });

/** The answer, or why there is none. */
async function ask(url: string): Promise<HttpResponse | NoResponseError> {
  try {
    return await fetchResponse(url, { method: "GET", headers: { accept: "application/json" }, body: null }, { timeoutMs: TIMEOUT_MS });
  } catch (error) {
    if (error instanceof NoResponseError) return error;
    throw error;
  }
}
