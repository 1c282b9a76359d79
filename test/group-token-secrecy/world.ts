/** A group whose tokens are known, and every caller who must not get them. Imported by tests only. */
import { z } from "zod";
import type { App } from "../../gateway/app.ts";
import type { AuthorizationServer } from "../support/authorization-server.ts";
import type { ManualClock } from "../../gateway/upstream-suite/manual-clock.ts";
import { ask, type Send, sendTo, WEB_ORIGIN } from "../support/test-app.ts";
import { twoKinds } from "../support/two-kinds.ts";
import { createKnownSecrets, isSearched, type KnownSecrets } from "./known-secrets.ts";
import type { ArgumentValues } from "./secrets.ts";

/** For asking everything, one request after another: seconds on a quiet machine, minutes on a busy one. */
export const ENUMERATION_TIMEOUT_MS = 180_000;

/** Fields that give an entitled asker a third party's token. */
export const TOKEN_FIELDS = [
  "AccessToken.value",
  "AuthorizationHeader.value",
  "Authorization.accessToken",
  "Group.connectionToken",
  "Query.connectionToken",
  "User.connectionToken",
];

/** Every caller that is no server. The founder, who made the group's connections, is in no group any more. */
const idOf = { member: "grace", "former member": "fred", "member of another group": "bob", "user without a group": "ada" } as const;
export type UserName = keyof typeof idOf;
export const askers = ["member", "former member", "member of another group", "user without a group", "anonymous"] as const;
export type AskerName = (typeof askers)[number];
export const users = ["member", "former member", "member of another group", "user without a group"] as const;

/** Between two forms of a user, so that they are not too many: in milliseconds. */
const FORM_PAUSE_MS = 2_000;

export const KEYED = {
  slug: "keyed",
  name: "Keyed",
  supports_multiple_connections: true,
  collect: { instructions: "Type it.", fields: [{ name: "api_key", label: "Key", suffix: ".example", secret: true }] },
};

/** The connector `test` gives a token of the user's beside its own: withheld are both. */
export const KINDS = twoKinds({ supports_multiple_connections: true });

/** A gateway, as this proof needs it: one with a vault, or one in front of another. */
export interface Gateway {
  app: Pick<App, "fetch" | "upgrade" | "endSubscriptions">;
  provider: AuthorizationServer;
  clock: ManualClock;
  logged: string[];
  /** How a server asks. */
  server: Record<string, string>;
  provision(id: string, groupId?: string | null): Promise<{ token: string }>;
  /** Goes where `connect` sends the user's browser, and to the end. */
  visit(id: string, authorizeUrl: string): Promise<unknown>;
  /** Types a key on the page where `connect` sends the user's browser. Left out where keys are handed in to the gateway. */
  typeAtUpstream?: (authorizeUrl: string, key: string) => Promise<unknown>;
  /** How the user's browser asks: it keeps what binds it. */
  sendAs(id: string): Promise<Send>;
  close(): Promise<void>;
}

/** One connection of the group. */
export interface Planted {
  connectionId: string;
  authorizationId: string;
  fingerprint: string;
}

export interface World extends Gateway {
  planted: Record<"test" | "keyed", Planted>;
  values: ArgumentValues;
  headersOf(asker: AskerName): Promise<Record<string, string>>;
  /** Headers with the cookie of a session that was just made. */
  signedIn(user: UserName): Promise<Record<string, string>>;
  /** Starts connecting. */
  start(user: UserName, slug: "test" | "keyed"): Promise<{ id: string; state: string | null; authorizeUrl: string | null }>;
  /** The state of a form that this user has just been given. */
  startForm(user: UserName): Promise<string>;
  /** An API key that this user is about to type, remembered as the group's or their own. */
  typeKey(user: UserName): string;
  connect(user: UserName, slug: "test" | "keyed", id?: string): Promise<void>;
  /** Whole answers: status, headers and body. */
  read(path: string, init?: RequestInit): Promise<Read>;
  groupSecrets(): string[];
  /** Whether a text holds a group's secret, in any spelling that could pass unnoticed. */
  leaks(text: string): boolean;
  /** Tokens of users who are in no group. */
  isOwn(token: unknown): boolean;
}

export interface Read {
  status: number;
  headers: Headers;
  body: string;
  /** Everything of the answer. */
  text: string;
}

const startedSchema = z.object({
  connect: z.object({ authorization: z.object({ id: z.string(), state: z.string().nullable(), authorizeUrl: z.string().nullable() }) }),
});
const plantedSchema = z.object({
  connection: z.object({
    id: z.string(),
    authorization: z.object({ id: z.string(), fingerprint: z.string(), access_token: z.string() }),
  }),
});

/** Makes the users known, lets the founder connect for the group, and takes the founder out of it. */
export async function createWorld(gateway: Gateway): Promise<World> {
  const secrets = createKnownSecrets(gateway.provider);
  const groupOf: Record<UserName, string | null> = {
    "user without a group": null,
    member: "acme",
    "former member": "acme",
    "member of another group": "other",
  };
  const steps = createSteps(gateway, secrets, (user) => groupOf[user] !== null);
  for (const user of users) await gateway.provision(idOf[user], groupOf[user]);
  for (const slug of ["test", "keyed"] as const) {
    await steps.connect("user without a group", slug);
    await steps.connect("former member", slug);
  }
  groupOf["former member"] = null;
  await gateway.provision(idOf["former member"], null);
  if (!secrets.ofGroups().every(isSearched)) throw new Error("A secret begins otherwise.");
  const findPlanted = async (slug: string): Promise<Planted> => {
    const { body } = await steps.read(`/api/platform/groups/acme/connections/${slug}`, { headers: gateway.server });
    const { id, authorization } = plantedSchema.parse(JSON.parse(body)).connection;
    if (!secrets.leaks(body)) throw new Error("A server has to get the token.");
    return { connectionId: id, authorizationId: authorization.id, fingerprint: authorization.fingerprint };
  };
  const planted = { test: await findPlanted("test"), keyed: await findPlanted("keyed") };
  return {
    ...gateway,
    ...steps,
    planted,
    values: argumentValues(planted),
    groupSecrets: secrets.ofGroups,
    leaks: secrets.leaks,
    isOwn: secrets.isOwn,
  };
}

type Steps = Pick<World, "headersOf" | "signedIn" | "start" | "startForm" | "typeKey" | "connect" | "read">;

/** What users do at the gateway. */
function createSteps(gateway: Gateway, secrets: KnownSecrets, isInGroup: (user: UserName) => boolean): Steps {
  const send = sendTo(gateway.app);
  const headersOf = async (asker: AskerName): Promise<Record<string, string>> =>
    asker === "anonymous" ? {} : { authorization: `Bearer ${(await gateway.provision(idOf[asker])).token}` };

  async function read(path: string, init: RequestInit = {}): Promise<Read> {
    const response = await send(path, init);
    const body = await response.text();
    const { status, headers } = response;
    return { status, headers, body, text: `${status} ${JSON.stringify([...headers])} ${body}` };
  }

  async function start(user: UserName, slug: string, id?: string) {
    const arguments_ = `slug: "${slug}"${id === undefined ? "" : `, id: "${id}"`}`;
    const query = `mutation { connect(${arguments_}) { authorization { id state authorizeUrl } } }`;
    return startedSchema.parse((await ask(await gateway.sendAs(idOf[user]), query, {}, await headersOf(user))).data).connect.authorization;
  }

  const typeKey = (user: UserName) => secrets.createKey(isInGroup(user));

  async function submitKey(user: UserName, state: string | null): Promise<void> {
    const fields = [{ name: "api_key", value: typeKey(user) }];
    const submit = "mutation ($state: String!, $fields: [FieldInput!]!) { submitAuthorization(state: $state, fields: $fields) { status } }";
    const { data } = await ask(send, submit, { state, fields }, await headersOf(user));
    if (data.submitAuthorization.status !== "ACTIVE") throw new Error("The key was refused.");
  }

  async function walkThrough(user: UserName, slug: "test" | "keyed", id?: string): Promise<void> {
    const { state, authorizeUrl } = await start(user, slug, id);
    if (slug === "test") await gateway.visit(idOf[user], authorizeUrl ?? "");
    else if (gateway.typeAtUpstream) await gateway.typeAtUpstream(authorizeUrl ?? "", typeKey(user));
    else await submitKey(user, state);
  }

  return {
    headersOf,
    async signedIn(user) {
      const bearer: Record<string, string> = { ...(await headersOf(user)), origin: WEB_ORIGIN };
      const { headers } = await read("/api/platform_user/sessions", { method: "POST", headers: bearer });
      const cookie = headers.getSetCookie().map((header) => header.split(";", 1)[0] ?? "");
      return { ...bearer, cookie: [bearer["cookie"], ...cookie].filter(Boolean).join("; ") };
    },
    start,
    async startForm(user) {
      gateway.clock.advance(FORM_PAUSE_MS);
      return (await start(user, "keyed")).state ?? "";
    },
    typeKey,
    connect: (user, slug, id) => (isInGroup(user) ? walkThrough(user, slug, id) : secrets.issueOwn(() => walkThrough(user, slug, id))),
    read,
  };
}

const nodeIdOf = (type: string, id: string): string => JSON.stringify(Buffer.from(`${type}:${id}`).toString("base64url"));

/** What to fill arguments with. `STATE`, `KEY` and `BEARER` stand for what is made for each operation. */
const argumentValues = ({ test, keyed }: World["planted"]): ArgumentValues => ({
  where: ['{ slug: "test" }', `{ id: "${test.connectionId}" }`, '{ slug: "keyed" }', `{ id: "${keyed.connectionId}" }`],
  slug: ['"test"', '"keyed"'],
  minimumTtl: ["86400"],
  rejected: [`"${test.fingerprint}"`],
  verify: ["true"],
  scopes: ['["read"]'],
  kind: ['"user"'],
  purpose: ['"a report"'],
  loginHint: ['"ada@example.test"'],
  "user.id": ['"fred"', '"grace"'],
  "group.id": ['"acme"'],
  "connect.id": [`"${test.connectionId}"`],
  "authorizationStatus.id": [`"${test.authorizationId}"`, `"${keyed.authorizationId}"`],
  nodeId: [nodeIdOf("Connection", test.connectionId), nodeIdOf("Authorization", test.authorizationId)],
  // They say which part of a list, and nothing of what is in it.
  first: [],
  after: [],
  filter: ['{ owner: { group: "acme" } }'],
  "auditEvents.filter": ['{ user: "ada" }'],
  returnTo: ['"/"'],
  token: ['"BEARER"'],
  state: ['"STATE"'],
  fields: ['[{ name: "api_key", value: "KEY" }]'],
  "history.first": [],
  "history.after": [],
  "events.after": [],
  input: ['{ id: "grace" }'],
  "importConnections.input": ["{ connections: [] }"],
  "disconnectConnection.input": [`{ id: "${test.connectionId}" }`],
  "disableConnection.input": [`{ id: "${test.connectionId}" }`],
  "enableConnection.input": [`{ id: "${test.connectionId}" }`],
  "refreshConnection.input": [`{ id: "${test.connectionId}" }`],
});
