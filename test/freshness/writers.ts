import { setTimeout as delay } from "node:timers/promises";
import { decodeJwt } from "jose";
import { z } from "zod";
import { HEARTBEAT_MS } from "../../gateway/store/listener.ts";
import { basicOf } from "../support/caller.ts";
import { pick } from "../torture/random.ts";
import { AS_SERVER, askByCookie, change, openBrowser, toTold } from "./asking.ts";
import type { Gateway } from "./gateways.ts";
import { noteTold, read } from "./readers.ts";
import { noteChange, now } from "./record.ts";
import { type Bearer, type Credential, numberNow, type User, type World } from "./world.ts";

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
  const revoke = () => revokeTokens(world, user, choose(world, random));
  const actions = [move, signIn, signIn, mint, endSession, revoke, reconnect, refresh];
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

/** Reads at the process that is to make a change, right before and right after it, as it is to know of it at once. */
async function readAround(world: World, user: User, process: number, credential: Bearer | undefined, make: () => Promise<unknown>) {
  const question = credential && { process, user, credential, isServer: false };
  if (question) await read(world, question);
  await make();
  if (question) await read(world, question);
}

const goodOf = ({ bearers }: User): Bearer[] => bearers.filter(({ endingSince }) => endingSince === null);

/** Into a group, whose members see no token, or out of it. */
function move(world: World, user: User, random: () => number): Promise<void> {
  const isIn = user.groups.at(-1) !== null;
  return name(world, user, choose(world, random), isIn ? null : `group-${user.groups.length}`);
}

async function name(world: World, user: User, { gateway, process }: At, groupId: string | null): Promise<void> {
  const { id, groups } = user;
  const version = groups.push(groupId) - 1;
  const input = { id, groupId, name: `v${version}` };
  const facts = { subject: `user ${id}`, topic: `user:${id}`, process } as const;
  const make = () => change(gateway, world.admin, PROVISION, { input });
  await readAround(world, user, process, goodOf(user).at(-1), () => noteChange(world.record, facts, make, () => version));
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

async function endSession(world: World, user: User, random: () => number): Promise<void> {
  const bearer = pick(
    goodOf(user).filter(({ session }) => session !== null),
    random,
  );
  if (!bearer?.session) return;
  const { browser, id } = bearer.session;
  const process = world.gateways.all.findIndex(({ url }) => url === browser.url);
  const facts = { subject: `credential ${bearer.name}`, topic: `session:${id}`, process } as const;
  const end = () => {
    bearer.endingSince = now();
    return askByCookie(browser, "mutation { logout }");
  };
  await readAround(world, user, process, bearer, () => noteChange(world.record, facts, end, ({ code }) => (code === null ? 1 : null)));
}

async function revokeTokens(world: World, user: User, { gateway, process }: At): Promise<void> {
  const { id } = user;
  const good = goodOf(user);
  await readAround(world, user, process, good.at(-1), async () => {
    const startedAt = now();
    for (const bearer of good) bearer.endingSince = startedAt;
    await change(gateway, world.admin, REVOKE, { id });
    const doneAt = now();
    for (const bearer of good)
      world.record.changes.push({ subject: `credential ${bearer.name}`, version: 1, topic: `user:${id}`, process, startedAt, doneAt });
  });
}

/** Disconnects and connects again, of a user in no group: a member's connections are the group's. */
async function reconnect(world: World, user: User, random: () => number): Promise<void> {
  if (user.groups.at(-1) !== null) return;
  const leaving = choose(world, random);
  await untilHeard(world, user, leaving);
  await disconnect(world, user, leaving);
  await delay(random() * PAUSE_MS);
  const coming = choose(world, random);
  await untilHeard(world, user, coming);
  await connect(world, user, coming);
}

/** Several heartbeats, for a machine that is busy. */
const HEARD_WITHIN_MS = 10 * HEARTBEAT_MS;
const LOOK_AGAIN_MS = 20;

/** A process that has not heard of a user's last move acts for their former group. */
async function untilHeard(world: World, user: User, { gateway }: At): Promise<void> {
  for (const latest = now() + HEARD_WITHIN_MS; ; await delay(LOOK_AGAIN_MS)) {
    const { groupId } = toTold(await change(gateway, world.admin, AS_SERVER, { id: user.id, rejected: null }));
    if (groupId === user.groups.at(-1)) return;
    if (now() > latest) throw new Error(`${user.id} is in ${groupId} still, by ${gateway.url}.`);
  }
}

async function disconnect(world: World, user: User, at: At): Promise<void> {
  const { gateway, process } = at;
  const bearer = `Bearer ${await createToken(world, user, at)}`;
  const facts = { subject: `token ${user.id}`, topic: `connections:user:${user.id}`, process } as const;
  const end = () => {
    user.absentVersion = numberNow(world.provider);
    return change(gateway, bearer, DISCONNECT);
  };
  const make = () => noteChange(world.record, facts, end, () => user.absentVersion);
  await readAround(world, user, process, goodOf(user).at(-1), make);
}

async function connect(world: World, user: User, at: At): Promise<void> {
  const browser = openBrowser(at.gateway, world.gateways.env["XKIT_PUBLIC_URL"] ?? "");
  await browser.signIn(await createToken(world, user, at));
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
export async function writeKeys(world: World, random: () => number, isOver: () => boolean): Promise<void> {
  const { services, keys, record } = world;
  let rotations = 0;
  const rotate = async () => {
    rotations += 1;
    const facts = { subject: "keys", topic: "signing-keys", process: null } as const;
    const make = () => services.auth.signingKeys.rotate();
    await noteChange(record, facts, make, () => rotations + 1);
  };
  await rotate();
  while (!isOver()) {
    await createKey(world);
    await delay(random() * 2 * PAUSE_MS);
    const good = keys.filter(({ endingSince }) => endingSince === null);
    const ending = pick(good, random);
    if (ending && good.length > 1) await revokeKey(world, ending);
    if (random() < 0.15) await rotate();
  }
}

/** Makes an API key, which readers use from now on. It is a change too: its news come before those of its end. */
async function createKey({ services: { auth }, keys, record }: World): Promise<Credential> {
  const startedAt = now();
  const made = await auth.apiKeys.create(null);
  const doneAt = now();
  const subject = `credential ${made.id}` as const;
  record.changes.push({ subject, version: 0, topic: `api-key:${made.id}`, process: null, startedAt, doneAt });
  const key = { name: made.id, authorization: basicOf(made), madeAt: doneAt, endingSince: null };
  keys.push(key);
  return key;
}

async function revokeKey({ services: { auth }, record }: World, key: Credential): Promise<void> {
  key.endingSince = now();
  const facts = { subject: `credential ${key.name}`, topic: `api-key:${key.name}`, process: null } as const;
  const make = () => auth.apiKeys.revoke(key.name);
  await noteChange(record, facts, make, () => 1);
}

/** Lets one process hear nothing more, changes at another one all that the first has cached, and reads at the first for so long. */
export async function changeBehind(world: World, milliseconds: number): Promise<void> {
  const [deaf, gateway] = world.gateways.all;
  const [moved, revoked, left] = world.users;
  if (!deaf || !gateway || !moved || !revoked || !left) throw new TypeError("It takes two gateways and three users.");
  const key = await createKey(world);
  const asServer = { process: 0, user: left, credential: key, isServer: true };
  const asUsers = world.users.flatMap((user) => user.bearers.map((credential) => ({ process: 0, user, credential, isServer: false })));
  const readAll = () => Promise.all([asServer, ...asUsers].map((question) => read(world, question)));
  await readAll();
  deaf.line?.swallow();
  const at = { gateway, process: 1 };
  await name(world, moved, at, "group");
  await revokeTokens(world, revoked, at);
  await disconnect(world, left, at);
  await revokeKey(world, key);
  const endsAt = performance.now() + milliseconds;
  while (performance.now() < endsAt) await readAll();
  deaf.line?.forward();
}
