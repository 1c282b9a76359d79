/** A gateway in a process of its own, which does what the test that forked it says. */
import { subscribe } from "node:diagnostics_channel";
import { writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { createApp } from "../../gateway/app.ts";
import { parseConfig } from "../../gateway/config/config.ts";
import { createLog } from "../../gateway/runtime/log.ts";

const optionsSchema = z.object({
  env: z.record(z.string(), z.string()),
  file: z.string(),
  userId: z.string(),
  query: z.string(),
  startsAt: z.number(),
  clockLeadMs: z.number(),
  skipsSleeps: z.boolean(),
  pause: z.object({ channel: z.string(), forMs: z.number(), noteIn: z.string() }).nullable(),
});
const orderSchema = z.union([
  z.object({ ask: z.int() }),
  z.object({ advance: z.int() }),
  z.object({ provision: z.int(), prefix: z.string() }),
  z.object({ path: z.string(), headers: z.record(z.string(), z.string()), body: z.string().optional() }),
]);
const answerSchema = z.object({ data: z.object({ accessToken: z.unknown() }) });

const { env, file, userId, query, startsAt, clockLeadMs, skipsSleeps, pause } = optionsSchema.parse(JSON.parse(process.argv[2] ?? ""));
// A machine whose clock is wrong.
const { now: rightTime } = Date;
Date.now = () => rightTime() + clockLeadMs;
const startedAt = rightTime();
let advancedMs = 0;
let hasPaused = false;
const now = () => startsAt + Date.now() - startedAt + advancedMs;
if (pause) subscribe(pause.channel, standStill);

/** Stops like a suspended machine, once: synchronously, and its clock is later when it goes on. */
function standStill(): void {
  if (!pause || hasPaused) return;
  hasPaused = true;
  writeFileSync(pause.noteIn, "");
  process.kill(process.pid, "SIGSTOP");
  advancedMs += pause.forMs;
}

/** Skipping, it lets its clock be later at once. */
async function sleep(milliseconds: number): Promise<void> {
  if (skipsSleeps) advancedMs += milliseconds;
  await delay(skipsSleeps ? 0 : milliseconds);
}

const until = (instant: number, signal?: AbortSignal) => delay(instant - now(), undefined, { signal }).catch(() => {});
const clock = { now, sleep, until };
const app = await createApp(parseConfig(env, { path: "xkit.config.json", text: file }), { clock, log: createLog("silent") });

async function ask(): Promise<unknown> {
  const { token } = await app.provisionUser({ id: userId });
  const body = JSON.stringify({ query, variables: { where: { slug: "test" } } });
  const headers = { "content-type": "application/json", "content-length": String(body.length), authorization: `Bearer ${token}` };
  const response = await app.fetch(new Request(`${env["XKIT_PUBLIC_URL"]}/graphql`, { method: "POST", headers, body }));
  const text = await response.text();
  const answer = answerSchema.safeParse(JSON.parse(text));
  return answer.success ? answer.data.data.accessToken : { __typename: text };
}

async function obey(order: z.output<typeof orderSchema>): Promise<unknown> {
  if ("ask" in order) return Promise.all(Array.from({ length: order.ask }, ask));
  if ("path" in order) return send(order);
  if ("advance" in order) advancedMs += order.advance;
  else await provision(order.prefix, order.provision);
  return "done";
}

/** A GET without a body, else a POST. */
async function send({
  path,
  headers,
  body,
}: {
  path: string;
  headers: Record<string, string>;
  body?: string | undefined;
}): Promise<unknown> {
  const init = body === undefined ? { headers } : { method: "POST", headers, body };
  const response = await app.fetch(new Request(`${env["XKIT_PUBLIC_URL"]}${path}`, init));
  return { status: response.status, text: await response.text() };
}

async function provision(prefix: string, times: number): Promise<void> {
  for (let index = 0; index < times; index += 1) await app.provisionUser({ id: `${prefix}-${index}`, groupId: prefix });
}

process.on("message", (message) => {
  void obey(orderSchema.parse(message)).then((answer) => process.send?.(answer));
});
process.on("disconnect", () => process.exit());
process.send?.("ready");
