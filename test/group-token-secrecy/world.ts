/** A group whose tokens are known, every caller who must not get them, and a search for their bytes. Imported by tests only. */
import { randomBytes } from "node:crypto";
import { z } from "zod";
import type { App } from "../../gateway/app.ts";
import { createServerHeaders } from "../support/caller.ts";
import type { AuthorizationServer } from "../support/authorization-server.ts";
import type { ManualClock } from "../support/clock.ts";
import {
  ask,
  PUBLIC_URL,
  sendTo,
  startTestApp,
  type TestApp,
  type TestAppOptions,
  type TestUser,
  type Send,
  WEB_ORIGIN,
} from "../support/test-app.ts";
import type { ArgumentValues } from "./secrets.ts";

/** Fields that give an entitled asker a third party's token. */
export const TOKEN_FIELDS = [
  "AccessToken.value",
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

export const KEYED = {
  slug: "keyed",
  name: "Keyed",
  supports_multiple_connections: true,
  collect: { instructions: "Type it.", fields: [{ name: "api_key", label: "Key", suffix: ".example", secret: true }] },
};

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
  const { app, provider } = gateway;
  const send = sendTo(app);
  const typed = new Set<string>();
  const own = new Set<string>();
  const isInGroup = (user: UserName) => user === "member" || user === "member of another group" || (user === "former member" && !hasLeft);
  let hasLeft = false;

  const bearerOf = async (user: UserName) => `Bearer ${(await gateway.provision(idOf[user])).token}`;
  const headersOf = async (asker: AskerName): Promise<Record<string, string>> =>
    asker === "anonymous" ? {} : { authorization: await bearerOf(asker) };

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

  const startForm = async (user: UserName) => (await start(user, "keyed")).state ?? "";

  function typeKey(user: UserName): string {
    const key = `key_${randomBytes(32).toString("base64url")}`;
    (isInGroup(user) ? typed : own).add(key);
    return key;
  }

  async function connect(user: UserName, slug: "test" | "keyed", id?: string): Promise<void> {
    const before = new Set(provider.issuedSecrets);
    const { state, authorizeUrl } = await start(user, slug, id);
    if (slug === "test") await gateway.visit(idOf[user], authorizeUrl ?? "");
    else {
      const fields = [{ name: "api_key", value: typeKey(user) }];
      const submit =
        "mutation ($state: String!, $fields: [FieldInput!]!) { submitAuthorization(state: $state, fields: $fields) { status } }";
      const { data } = await ask(send, submit, { state, fields }, await headersOf(user));
      if (data.submitAuthorization.status !== "ACTIVE") throw new Error("The key was refused.");
    }
    if (!isInGroup(user)) for (const secret of provider.issuedSecrets) if (!before.has(secret)) own.add(secret);
  }

  async function findPlanted(slug: string): Promise<Planted> {
    const { body } = await read(`/api/platform/groups/acme/connections/${slug}`, { headers: gateway.server });
    const { id, authorization } = plantedSchema.parse(JSON.parse(body)).connection;
    if (!leaks(body)) throw new Error("A server has to get the token.");
    return { connectionId: id, authorizationId: authorization.id, fingerprint: authorization.fingerprint };
  }

  const groupSecrets = (): string[] => [
    ...[...provider.issuedSecrets].filter((secret) => !own.has(secret) && secret !== provider.client.clientSecret),
    ...typed,
  ];
  const leaks = (text: string) =>
    mayLeak(text) && groupSecrets().some((secret) => spellingsOf(secret).some((spelling) => text.includes(spelling)));

  const groups: Record<UserName, string | null> = {
    "user without a group": null,
    member: "acme",
    "former member": "acme",
    "member of another group": "other",
  };
  for (const user of users) await gateway.provision(idOf[user], groups[user]);
  for (const slug of ["test", "keyed"] as const) {
    await connect("user without a group", slug);
    await connect("former member", slug);
  }
  await gateway.provision("fred", null);
  hasLeft = true;
  if (!groupSecrets().every((secret) => beginnings.some((head) => secret.startsWith(head)))) throw new Error("A secret begins otherwise.");
  const planted = { test: await findPlanted("test"), keyed: await findPlanted("keyed") };

  return {
    ...gateway,
    planted,
    values: argumentValues(planted),
    headersOf,
    async signedIn(user) {
      const bearer: Record<string, string> = { ...(await headersOf(user)), origin: WEB_ORIGIN };
      const { headers } = await read("/api/platform_user/sessions", { method: "POST", headers: bearer });
      const cookie = headers.getSetCookie().map((header) => header.split(";", 1)[0] ?? "");
      return { ...bearer, cookie: [bearer["cookie"], ...cookie].filter(Boolean).join("; ") };
    },
    start,
    startForm,
    typeKey,
    connect,
    read,
    groupSecrets,
    leaks,
    isOwn: (token) => typeof token === "string" && own.has(token),
  };
}

const encodings = [
  (text: string) => text,
  (text: string) => encodeURIComponent(text),
  (text: string) => Buffer.from(text).toString("base64").replace(/=+$/, ""),
  (text: string) => Buffer.from(text).toString("hex"),
];
const spellingsOf = (secret: string): string[] => encodings.map((encode) => encode(secret));

/** How every secret here begins, in each spelling (of base64 whole triples): most texts need no closer look. */
const beginnings = ["access_", "refresh_", "code_", "key_"];
const heads = beginnings.flatMap((head) => [head, ...spellingsOf(head.slice(0, Math.floor(head.length / 3) * 3)).slice(2)]);
const mayLeak = (text: string): boolean => heads.some((head) => text.includes(head));

/** What to fill arguments with. `STATE`, `KEY` and `BEARER` stand for what is made for each operation. */
const argumentValues = ({ test, keyed }: World["planted"]): ArgumentValues => ({
  where: ['{ slug: "test" }', `{ id: "${test.connectionId}" }`, '{ slug: "keyed" }', `{ id: "${keyed.connectionId}" }`],
  slug: ['"test"', '"keyed"'],
  minimumTtl: ["86400"],
  rejected: [`"${test.fingerprint}"`],
  verify: ["true"],
  "user.id": ['"fred"', '"grace"'],
  "group.id": ['"acme"'],
  "connect.id": [`"${test.connectionId}"`],
  "authorizationStatus.id": [`"${test.authorizationId}"`, `"${keyed.authorizationId}"`],
  returnTo: ['"/"'],
  token: ['"BEARER"'],
  state: ['"STATE"'],
  fields: ['[{ name: "api_key", value: "KEY" }]'],
  input: ['{ id: "grace" }'],
});

/** A gateway with a vault, its test app, and browsers before it. */
export interface PlainGateway extends Gateway {
  test: TestApp;
  userOf(id: string): Promise<TestUser>;
}

export async function startPlainGateway(options: TestAppOptions = {}): Promise<PlainGateway> {
  const test = await startTestApp({ provider: { recordSecrets: false }, connectors: [KEYED], ...options });
  const browsers = new Map<string, TestUser>();
  async function userOf(id: string): Promise<TestUser> {
    const user = browsers.get(id) ?? (await test.signIn(id));
    browsers.set(id, user);
    return user;
  }
  return {
    test,
    userOf,
    app: test.app,
    provider: test.provider,
    clock: test.clock,
    logged: test.logged,
    server: await createServerHeaders(test),
    async provision(id, groupId) {
      const { token } = await test.app.provisionUser({ id, ...(groupId !== undefined && { groupId }) });
      return { token };
    },
    visit: async (id, authorizeUrl) =>
      (await userOf(id)).browser.fetch(
        authorizeUrl.startsWith(PUBLIC_URL) ? authorizeUrl : (await test.provider.authorize(authorizeUrl)).href,
      ),
    sendAs: async (id) => (await userOf(id)).browser.fetch,
    close: test.close,
  };
}
