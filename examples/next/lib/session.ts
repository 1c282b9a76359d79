import { createHmac, timingSafeEqual } from "node:crypto";
import { cookies } from "next/headers";
import { redirect } from "next/navigation";

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

function sign(id: string): string {
  const secret = process.env.SESSION_SECRET;
  if (!secret) throw new Error("SESSION_SECRET is missing: set it to a long random string.");
  return createHmac("sha256", secret).update(id).digest("base64url");
}

const isSame = (one: string, other: string) => one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));

/** The user of a session cookie, or null. */
export function userOf(cookie: string | undefined): User | null {
  const [id = "", signature = ""] = cookie?.split(".") ?? [];
  return isSame(signature, sign(id)) ? (users.find((user) => user.id === id) ?? null) : null;
}

/** The user who is signed in, or null. */
export const readUser = async (): Promise<User | null> => userOf((await cookies()).get(SESSION_COOKIE)?.value);

/** The user who is signed in. Sends everyone else to the sign-in page. */
export const requireUser = async (): Promise<User> => (await readUser()) ?? redirect("/sign-in");

export async function startSession({ id }: User): Promise<void> {
  const secure = process.env.NODE_ENV === "production";
  (await cookies()).set(SESSION_COOKIE, `${id}.${sign(id)}`, { httpOnly: true, sameSite: "lax", secure });
}

export const endSession = async (): Promise<void> => void (await cookies()).delete(SESSION_COOKIE);
