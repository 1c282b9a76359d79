import { z } from "zod";
import { createBrowser } from "../support/browser.ts";
import { type Credentials, exchange } from "./asking.ts";
import type { Fleet } from "./fleet.ts";
import { SLUG } from "./plan.ts";

const PROVISION = "mutation ($id: ID!) { provisionUser(input: { id: $id }) { token } }";
const provisionedSchema = z.object({ data: z.object({ provisionUser: z.object({ token: z.string() }) }) });

/** Makes so many users known, and walks each through connecting at the provider as a browser would. */
export async function connectAll(fleet: Fleet, count: number): Promise<Credentials[]> {
  const [first] = fleet.members;
  if (!first) throw new TypeError("There is no process.");
  const printed = await fleet.command(["keys", "create"]);
  const [, publishable, secret] = /publishable (\S+)\s+secret +(\S+)/.exec(printed) ?? [];
  const basic = `Basic ${Buffer.from(`${publishable}:${secret}`).toString("base64")}`;
  const askers: Credentials[] = [];
  for (let connection = 0; connection < count; connection += 1) {
    const userId = `user-${connection}`;
    const bearer = await provision(first.url, basic, userId);
    await connect(first.url, fleet.publicUrl, bearer, userId, connection);
    askers.push({ userId, bearer, basic });
  }
  return askers;
}

async function provision(url: string, basic: string, id: string): Promise<string> {
  const body = JSON.stringify({ query: PROVISION, variables: { id } });
  const { text } = await exchange(`${url}/graphql`, "POST", { authorization: basic, "content-type": "application/json" }, body);
  return provisionedSchema.parse(JSON.parse(text)).data.provisionUser.token;
}

async function connect(url: string, origin: string, bearer: string, account: string, connection: number): Promise<void> {
  const browser = createBrowser({ fetch: (request) => fetch(request, { redirect: "manual" }) }, url);
  await browser.signIn(bearer, { origin });
  const started = await browser.fetch(`/connect/${SLUG}`);
  const authorize = new URL(started.headers.get("location") ?? "");
  authorize.searchParams.set("account", account);
  authorize.searchParams.set("connection", String(connection));
  const consented = await fetch(authorize, { redirect: "manual" });
  const { pathname, search } = new URL(consented.headers.get("location") ?? "");
  const finished = await browser.fetch(`${pathname}${search}`);
  if (finished.status >= 400) throw new Error(`Connecting ${account} ended with ${finished.status}: ${await finished.text()}`);
}
