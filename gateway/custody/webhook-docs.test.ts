import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { z } from "zod";
import { signatureOf } from "./webhook-send.ts";

const moduleSchema = z.object({ isGenuine: z.custom<(headers: Record<string, string>, body: string, secret: string) => boolean>() });

it("is verified by the code that the documentation shows", async () => {
  const [, code] = /```js\n([\s\S]*?)```/.exec(readFileSync("docs/webhooks.md", "utf8")) ?? [];
  const { isGenuine } = moduleSchema.parse(await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(code ?? "")}`));
  const secrets = [randomBytes(32), randomBytes(32)];
  const message = { id: "evt_1", body: `{"event_type":"connection.errored"}` };
  const headersAt = (seconds: number) => ({
    "webhook-id": message.id,
    "webhook-timestamp": String(seconds),
    "webhook-signature": signatureOf(message, seconds, secrets),
  });
  const now = Math.floor(Date.now() / 1000);
  for (const secret of secrets) expect(isGenuine(headersAt(now), message.body, `whsec_${secret.toString("base64")}`)).toBe(true);
  const [secret = ""] = secrets.map((bytes) => `whsec_${bytes.toString("base64")}`);
  expect(isGenuine(headersAt(now), `${message.body} `, secret)).toBe(false);
  expect(isGenuine(headersAt(now - 600), message.body, secret)).toBe(false);
  expect(isGenuine({ ...headersAt(now), "webhook-id": "evt_2" }, message.body, secret)).toBe(false);
  expect(isGenuine(headersAt(now), message.body, `whsec_${randomBytes(32).toString("base64")}`)).toBe(false);
});
