import { createHmac, timingSafeEqual } from "node:crypto";

export interface User {
  id: string;
  name: string;
}

/** This app's users. Yours are in your database, and prove who they are. */
export const users: readonly User[] = [
  { id: "ada", name: "Ada" },
  { id: "grace", name: "Grace" },
];

export const SESSION_COOKIE = "planner_session";
/** How long a session lasts, in seconds: twelve hours. */
export const SESSION_SECONDS = 43_200;

function sign(text: string): string {
  const secret = process.env["SESSION_SECRET"];
  if (!secret) throw new Error("SESSION_SECRET is missing: set it to a long random string.");
  return createHmac("sha256", secret).update(text).digest("base64url");
}

function isSame(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** The cookie's value: when the session ends, in Unix seconds, whose it is, and a signature of both. */
export function createSession({ id }: User): string {
  const session = `${Math.floor(Date.now() / 1000) + SESSION_SECONDS}.${id}`;
  return `${session}.${sign(session)}`;
}

/** The user of a session cookie, or null. */
export function userOf(cookie = ""): User | null {
  const [, session = "", end = "", userId, signature = ""] = /^((\d+)\.(.+))\.([^.]*)$/.exec(cookie) ?? [];
  if (!isSame(signature, sign(session)) || Number(end) * 1000 <= Date.now()) return null;
  return users.find(({ id }) => id === userId) ?? null;
}
