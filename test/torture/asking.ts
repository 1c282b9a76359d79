import { request } from "node:http";
import { z } from "zod";
import { SLUG } from "./plan.ts";

/** Who asks: the user with a token of theirs, or a server with an API key. */
export interface Credentials {
  userId: string;
  bearer: string;
  basic: string;
}

export interface Question {
  /** Of the gateway. */
  url: string;
  credentials: Credentials;
  by: "user" | "server";
  over: "graphql" | "rest";
  /** In seconds. */
  minimumTtl: number | null;
}

/** A token, an outcome with a name, or something that no caller can make sense of. */
export type Answer = { kind: "token"; value: string } | { kind: "typed"; type: string } | { kind: "neither"; what: string };

const FIELDS = `accessToken(where: { slug: "${SLUG}" }, minimumTtl: $minimumTtl) { __typename ... on AccessToken { value } }`;
const AS_USER = `query ($minimumTtl: Int) { ${FIELDS} }`;
const AS_SERVER = `query ($minimumTtl: Int, $id: ID!) { user(id: $id) { ${FIELDS} } }`;

const tokenSchema = z.object({ __typename: z.string(), value: z.string().optional() });
const graphqlErrorSchema = z.object({ errors: z.tuple([z.object({ extensions: z.object({ code: z.string() }) })], z.unknown()) });
const graphqlSchema = z.object({
  data: z.union([z.object({ accessToken: tokenSchema }), z.object({ user: z.object({ accessToken: tokenSchema }) })]),
});
const restSchema = z.union([
  z.object({ error: z.string(), code: z.string() }),
  z.object({
    connection: z.object({
      authorization: z.object({ access_token: z.string().optional() }).nullable(),
      token_problem: z.object({ code: z.string() }).nullable(),
    }),
  }),
]);
/** Codes of errors that are outcomes, with their statuses over REST. */
const typedErrors = new Map([
  ["TEMPORARILY_UNAVAILABLE", 503],
  ["MINIMUM_TTL_UNAVAILABLE", 409],
  ["NOT_CONNECTED", 404],
]);

export interface HttpAnswer {
  status: number;
  text: string;
}

/** One request on a connection of its own. Rejects when there is no whole answer. */
export function exchange(url: string, method: string, headers: Record<string, string>, body: string): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, agent: false, headers: { ...headers, "content-length": Buffer.byteLength(body) } }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.once("end", () => resolve({ status: response.statusCode ?? 0, text }));
      response.once("error", reject);
    });
    sent.once("error", reject);
    sent.end(body);
  });
}

/** Asks for a token. Rejects when there is no whole answer. */
export async function askToken(question: Question): Promise<Answer> {
  const { url, by, over, minimumTtl, credentials } = question;
  const authorization = by === "user" ? `Bearer ${credentials.bearer}` : credentials.basic;
  if (over === "graphql") {
    const variables = { minimumTtl, ...(by === "server" && { id: credentials.userId }) };
    const body = JSON.stringify({ query: by === "user" ? AS_USER : AS_SERVER, variables });
    return readGraphql(await exchange(`${url}/graphql`, "POST", { authorization, "content-type": "application/json" }, body));
  }
  const path = by === "user" ? `platform_user/connections/${SLUG}` : `platform/users/${credentials.userId}/connections/${SLUG}`;
  return readRest(
    await exchange(`${url}/api/${path}${minimumTtl === null ? "" : `?minimum_ttl=${minimumTtl}`}`, "GET", { authorization }, ""),
  );
}

function readGraphql({ status, text }: HttpAnswer): Answer {
  const body = parseJson(text);
  const code = graphqlErrorSchema.safeParse(body).data?.errors[0].extensions.code;
  if (code !== undefined)
    return typedErrors.has(code) ? { kind: "typed", type: code } : { kind: "neither", what: `GraphQL ${status} ${code}` };
  const data = graphqlSchema.safeParse(body).data?.data;
  if (!data) return { kind: "neither", what: `GraphQL ${status} ${text.slice(0, 100)}` };
  const { __typename: type, value } = "user" in data ? data.user.accessToken : data.accessToken;
  return value === undefined ? { kind: "typed", type } : { kind: "token", value };
}

function readRest({ status, text }: HttpAnswer): Answer {
  const { data } = restSchema.safeParse(parseJson(text));
  if (data && "code" in data && typedErrors.get(data.code) === status) return { kind: "typed", type: data.code };
  if (!data || "code" in data || status !== 200)
    return { kind: "neither", what: `REST ${status} ${data && "code" in data ? data.code : text.slice(0, 100)}` };
  const { authorization, token_problem: problem } = data.connection;
  if (authorization?.access_token !== undefined) return { kind: "token", value: authorization.access_token };
  return problem ? { kind: "typed", type: problem.code } : { kind: "neither", what: `REST ${status} without token or problem` };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
