import { z } from "zod";
import { createBrowser, type TestBrowser } from "../support/browser.ts";
import type { Gateway } from "./gateways.ts";

const TOKEN = `accessToken(where: { slug: "test" }, rejected: $rejected) { __typename ... on AccessToken { value fingerprint } }`;
export const AS_USER = `query ($rejected: String) { viewer { id name groupId } ${TOKEN} }`;
export const AS_SERVER = `query ($rejected: String, $id: ID!) { user(id: $id) { id name groupId ${TOKEN} } }`;

const tokenSchema = z.object({ __typename: z.string(), value: z.string().optional(), fingerprint: z.string().optional() });
const userSchema = z.object({ id: z.string(), name: z.string(), groupId: z.string().nullable() });
const dataSchema = z.union([
  z.object({ viewer: userSchema, accessToken: tokenSchema }).transform(({ viewer, accessToken }) => ({ ...viewer, accessToken })),
  z.object({ user: userSchema.extend({ accessToken: tokenSchema }) }).transform(({ user }) => user),
]);

/** What an answer says of a user and of the token of their connection. */
export type Told = z.output<typeof dataSchema>;

const answerSchema = z.object({
  data: z.unknown().optional(),
  errors: z.array(z.object({ message: z.string(), extensions: z.object({ code: z.string() }) })).optional(),
});

/** The data of an operation, or the code of its first error. */
export type Answer = { data: unknown; code: null } | { data: null; code: string };

export async function ask(
  { url }: Gateway,
  authorization: string,
  query: string,
  variables: Record<string, unknown> = {},
): Promise<Answer> {
  const headers = { "content-type": "application/json", authorization };
  const response = await fetch(`${url}/graphql`, { method: "POST", headers, body: JSON.stringify({ query, variables }) });
  return toAnswer(await response.text());
}

function toAnswer(text: string): Answer {
  const { data, errors = [] } = answerSchema.parse(JSON.parse(text));
  const [error] = errors;
  return error ? { data: null, code: error.extensions.code } : { data, code: null };
}

/** The same, of an operation that must succeed. */
export async function change(gateway: Gateway, authorization: string, query: string, variables: Record<string, unknown> = {}) {
  const { data, code } = await ask(gateway, authorization, query, variables);
  if (code !== null) throw new Error(`${query} was refused: ${code}`);
  return data;
}

export const toTold = (data: unknown): Told => dataSchema.parse(data);

/** A browser that asks this gateway. The public URL may lead to another one. */
export function openBrowser({ url }: Gateway, publicUrl: string): GatewayBrowser {
  const send = async (request: Request) => {
    const { pathname, search } = new URL(request.url);
    const { method, headers } = request;
    const body = method === "POST" ? await request.text() : null;
    return fetch(`${url}${pathname}${search}`, { method, headers, body, redirect: "manual" });
  };
  return { ...createBrowser({ fetch: send }, publicUrl), url };
}

/** A browser, and the address of the gateway that it asks. */
export interface GatewayBrowser extends TestBrowser {
  url: string;
}

/** Of a page of the gateway's own, by the cookie alone. */
export async function askByCookie(browser: TestBrowser, query: string, variables: Record<string, unknown> = {}): Promise<Answer> {
  const headers = { "content-type": "application/json", "sec-fetch-site": "same-origin" };
  const response = await browser.fetch("/graphql", { method: "POST", headers, body: JSON.stringify({ query, variables }) });
  return toAnswer(await response.text());
}
