import { setTimeout as delay } from "node:timers/promises";
import { decodeJwt } from "jose";
import { z } from "zod";
import { basicOf } from "../support/caller.ts";
import { pick } from "../torture/random.ts";
import { AS_SERVER, askByCookie, change, openBrowser, toTold } from "./asking.ts";
import type { Gateway } from "./gateways.ts";
import { noteTold } from "./readers.ts";
import { noteChange, now } from "./record.ts";
import { type Bearer, numberNow, type User, type World } from "./world.ts";

const PROVISION = "mutation ($input: ProvisionUserInput!) { provisionUser(input: $input) { token } }";
const REVOKE = "mutation ($id: ID!) { revokeUserTokens(input: { id: $id }) { user { id } } }";
const LOGIN = "mutation ($token: String!) { login(token: $token) { token } }";
const DISCONNECT = `mutation { disconnect(where: { slug: "test" }) { id } }`;
const PAUSE_MS = 60;

const provisionedSchema = z.object({ provisionUser: z.object({ token: z.string() }) });
const loginSchema = z.object({ login: z.object({ token: z.string() }) });

/** One process of one's choice, by its place. */
interface At {
  gateway: Gateway;
  process: number;
}

function choose({ gateways: { all } }: World, random: () => number): At {
  const process = Math.floor(random() * all.length);
  const gateway = all[process];
  if (!gateway) throw new TypeError("There are no gateways.");
  return { gateway, process };
}

/** Changes one user at random until it is over. One user's changes follow each other. */
export async function writeUser(world: World, user: User, random: () => number, isOver: () => boolean): Promise<void> {
  const actions = [move, signIn, signIn, mint, endSession, revokeTokens, reconnect, refresh];
  while (!isOver()) {
    await (pick(actions, random) ?? move)(world, user, random);
    await delay(random() * PAUSE_MS);
  }
}

/** Makes a user known, connected and signed in. */
export async function begin(world: World, user: User, random: () => number): Promise<void> {
  await name(world, user, choose(world, random), null);
  await mint(world, user, random);
  await connect(world, user, choose(world, random));
}

/** Into a group, whose members see no token, or out of it. */
function move(world: World, user: User, random: () => number): Promise<void> {
  const isIn = user.groups.at(-1) !== null;
  return name(world, user, choose(world, random), isIn ? null : `group-${user.groups.length}`);
}

async function name(world: World, { id, groups }: User, { gateway, process }: At, groupId: string | null): Promise<void> {
  const version = groups.push(groupId) - 1;
  const input = { id, groupId, name: `v${version}` };
  const facts = { subject: `user ${id}`, topic: `user:${id}`, process } as const;
  await noteChange(
    world.record,
    facts,
    () => change(gateway, world.admin, PROVISION, { input }),
    () => version,
  );
}

async function createToken({ admin }: World, { id }: User, { gateway }: At): Promise<string> {
  return provisionedSchema.parse(await change(gateway, admin, PROVISION, { input: { id } })).provisionUser.token;
}

async function mint(world: World, user: User, random: () => number): Promise<void> {
  const token = await createToken(world, user, choose(world, random));
  add(user, { token, session: null });
}

async function signIn(world: World, user: User, random: () => number): Promise<void> {
  const at = choose(world, random);
  const browser = openBrowser(at.gateway, world.gateways.env["XKIT_PUBLIC_URL"] ?? "");
  const { data } = await askByCookie(browser, LOGIN, { token: await createToken(world, user, at) });
  const { token } = loginSchema.parse(data).login;
  add(user, { token, session: { id: String(decodeJwt(token)["sid"]), browser } });
}

function add({ id, bearers }: User, { token, session }: { token: string; session: Bearer["session"] }): void {
  bearers.push({ name: `${id} ${bearers.length}`, authorization: `Bearer ${token}`, madeAt: now(), endingSince: null, session });
}

async function endSession(world: World, { bearers }: User, random: () => number): Promise<void> {
  const bearer = pick(
    bearers.filter(({ session, endingSince }) => session !== null && endingSince === null),
    random,
  );
  if (!bearer?.session) return;
  const { browser, id } = bearer.session;
  bearer.endingSince = now();
  const process = world.gateways.all.findIndex(({ url }) => url === browser.url);
  const facts = { subject: `credential ${bearer.name}`, topic: `session:${id}`, process } as const;
  await noteChange(
    world.record,
    facts,
    () => askByCookie(browser, "mutation { logout }"),
    ({ code }) => (code === null ? 1 : null),
  );
}

async function revokeTokens(world: World, { id, bearers }: User, random: () => number): Promise<void> {
  const { gateway, process } = choose(world, random);
  const good = bearers.filter(({ endingSince }) => endingSince === null);
  const startedAt = now();
  for (const bearer of good) bearer.endingSince = startedAt;
  await change(gateway, world.admin, REVOKE, { id });
  const doneAt = now();
  for (const bearer of good)
    world.record.changes.push({ subject: `credential ${bearer.name}`, version: 1, topic: `user:${id}`, process, startedAt, doneAt });
}

/** Disconnects and connects again, of a user in no group: a member's connections are the group's. */
async function reconnect(world: World, user: User, random: () => number): Promise<void> {
  if (user.groups.at(-1) !== null) return;
  const { gateway, process } = choose(world, random);
  const version = (user.absentVersion = numberNow(world.provider));
  const bearer = await createToken(world, user, { gateway, process });
  const facts = { subject: `token ${user.id}`, topic: `connections:user:${user.id}`, process } as const;
  await noteChange(
    world.record,
    facts,
    () => change(gateway, `Bearer ${bearer}`, DISCONNECT),
    () => version,
  );
  await delay(random() * PAUSE_MS);
  await connect(world, user, choose(world, random));
}

async function connect(world: World, user: User, at: At): Promise<void> {
  const browser = openBrowser(at.gateway, world.gateways.env["XKIT_PUBLIC_URL"] ?? "");
  await browser.fetch(`/sign-in?token=${await createToken(world, user, at)}`);
  const started = await browser.fetch("/connect/test");
  const { pathname, search } = await world.provider.authorize(started.headers.get("location") ?? "");
  const finished = await browser.fetch(`${pathname}${search}`);
  if (finished.status >= 400) throw new Error(`Connecting ended with ${finished.status}: ${await finished.text()}`);
  await readAsServer(world, user, at, null);
}

/** Asks for another token than the present one, which is given once in half a minute. */
async function refresh(world: World, user: User, random: () => number): Promise<void> {
  const at = choose(world, random);
  const { accessToken } = await readAsServer(world, user, at, null);
  if (accessToken.fingerprint !== undefined) await readAsServer(world, user, at, accessToken.fingerprint);
}

async function readAsServer(world: World, user: User, { gateway, process }: At, rejected: string | null) {
  const sentAt = now();
  const told = toTold(await change(gateway, world.admin, AS_SERVER, { id: user.id, rejected }));
  noteTold(world, user, told, { process, sentAt, receivedAt: now() }, { isServer: true });
  return told;
}

/** Makes and revokes API keys, and rotates the keys that sign, from a process that answers no reader. */
export async function writeKeys({ services: { auth }, keys, record }: World, random: () => number, isOver: () => boolean): Promise<void> {
  let rotations = 0;
  while (!isOver()) {
    const key = await auth.apiKeys.create(null);
    keys.push({ name: key.id, authorization: basicOf(key), madeAt: now(), endingSince: null });
    await delay(random() * 2 * PAUSE_MS);
    const ending = pick(
      keys.filter(({ endingSince }) => endingSince === null),
      random,
    );
    if (ending && random() < 0.7) {
      ending.endingSince = now();
      const facts = { subject: `credential ${ending.name}`, topic: `api-key:${ending.name}`, process: null } as const;
      await noteChange(
        record,
        facts,
        () => auth.apiKeys.revoke(ending.name),
        () => 1,
      );
    }
    if (random() > 0.15) continue;
    rotations += 1;
    await noteChange(
      record,
      { subject: "keys", topic: "signing-keys", process: null },
      () => auth.signingKeys.rotate(),
      () => rotations + 1,
    );
  }
}
