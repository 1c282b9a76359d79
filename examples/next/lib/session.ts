import { cookies } from "next/headers";
import { redirect } from "next/navigation";
import { createSession, SESSION_COOKIE, SESSION_SECONDS, type User, userOf } from "./session-cookie";

/** The user who is signed in, or null. */
export const readUser = async (): Promise<User | null> => userOf((await cookies()).get(SESSION_COOKIE)?.value);

/** The user who is signed in. Sends everyone else to the sign-in page. */
export const requireUser = async (): Promise<User> => (await readUser()) ?? redirect("/sign-in");

export async function startSession(user: User): Promise<void> {
  const secure = process.env.NODE_ENV === "production";
  (await cookies()).set(SESSION_COOKIE, createSession(user), { httpOnly: true, sameSite: "lax", secure, maxAge: SESSION_SECONDS });
}

export const endSession = async (): Promise<void> => void (await cookies()).delete(SESSION_COOKIE);
