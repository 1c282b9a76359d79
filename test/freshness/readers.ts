import { HEARTBEAT_MS } from "../../gateway/store/listener.ts";
import { pick } from "../torture/random.ts";
import { AS_SERVER, AS_USER, type Answer, ask, type Told, toTold } from "./asking.ts";
import { now, type Subject } from "./record.ts";
import { type Credential, numberOf, type User, type World } from "./world.ts";

/** The latest credentials that readers use: some of them have ended. */
const LATEST = 4;
const KEYS_SHARE = 0.04;
const SERVER_SHARE = 0.3;

/** Where and when something was asked. */
export interface Asked {
  process: number;
  sentAt: number;
  receivedAt: number;
}

/** Asks a gateway of one's choice for one thing of one's choice, and notes what the answer shows. */
export async function readOnce(world: World, random: () => number): Promise<void> {
  const process = Math.floor(random() * world.gateways.all.length);
  const user = pick(world.users, random);
  const what = random();
  if (what < KEYS_SHARE) return readKeys(world, process);
  const isServer = what < SERVER_SHARE;
  const credential = pick(isServer ? world.keys.slice(-LATEST) : (user?.bearers ?? []).slice(-LATEST), random);
  if (user && credential) await read(world, { process, user, credential, isServer });
}

/** Who asks which gateway for which user's token. */
export interface Question {
  process: number;
  user: User;
  credential: Credential;
  isServer: boolean;
}

/** Asks, and notes what the answer shows. */
export async function read(world: World, { process, user, credential, isServer }: Question): Promise<void> {
  const gateway = world.gateways.all[process];
  if (!gateway) throw new TypeError(`There is no process ${process}.`);
  const sentAt = now();
  const answer = isServer
    ? await ask(gateway, credential.authorization, AS_SERVER, { id: user.id })
    : await ask(gateway, credential.authorization, AS_USER);
  const asked = { process, sentAt, receivedAt: now() };
  noteCredential(world, credential, answer, asked);
  if (answer.code === null) noteTold(world, user, toTold(answer.data), asked, { isServer });
}

/** A credential that is refused although nothing may have ended it is a fault. One that was just made may be signed with a key that is new. */
function noteCredential({ record }: World, credential: Credential, { code }: Answer, asked: Asked): void {
  const isRefused = code === "UNAUTHENTICATED";
  record.shown.push({ subject: `credential ${credential.name}`, version: isRefused ? 1 : 0, ...asked });
  if (isRefused && credential.endingSince === null && asked.sentAt > credential.madeAt + HEARTBEAT_MS)
    record.faults.push(`process ${asked.process} refused ${credential.name}, which is good`);
  if (code !== null && !isRefused && code !== "TEMPORARILY_UNAVAILABLE")
    record.faults.push(`process ${asked.process} answered ${credential.name} with ${code}`);
}

/** What an answer says of a user, and of the token of their own connection. */
export function noteTold(world: World, user: User, told: Told, asked: Asked, { isServer }: { isServer: boolean }): void {
  const { record, provider } = world;
  const version = Number(told.name.slice(1));
  record.shown.push({ subject: `user ${user.id}`, version, ...asked });
  if (told.groupId !== user.groups[version]) record.faults.push(`${user.id} was shown in another group than version ${version} has`);
  const { __typename: type, value } = told.accessToken;
  if (!isServer && told.groupId !== null) {
    if (value !== undefined) record.faults.push(`process ${asked.process} gave a token to ${user.id}, who was in a group`);
    return;
  }
  const subject: Subject = `token ${user.id}`;
  if (type === "NotConnected") record.shown.push({ subject, version: user.absentVersion, ...asked });
  if (value === undefined) return;
  const number = numberOf(provider, value);
  record.shown.push({ subject, version: number, ...asked });
  // What one process has given replaces what was given before, in every process.
  const isNew = !record.changes.some((change) => change.subject === subject && change.version >= number);
  const topic = `connections:user:${user.id}` as const;
  if (isNew)
    record.changes.push({ subject, version: number, topic, process: asked.process, startedAt: asked.sentAt, doneAt: asked.receivedAt });
}

async function readKeys({ gateways, record }: World, process: number): Promise<void> {
  const sentAt = now();
  const response = await fetch(`${gateways.all[process]?.url}/.well-known/jwks.json`);
  const { keys }: { keys: unknown[] } = JSON.parse(await response.text());
  record.shown.push({ subject: "keys", version: keys.length, process, sentAt, receivedAt: now() });
}
