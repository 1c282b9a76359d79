import { createContext, createCookieSessionStorage, type MiddlewareFunction, redirect } from "react-router";

export interface User {
  id: string;
  name: string;
}

/** This app's users. Yours are in your database, and prove who they are. */
export const users: readonly User[] = [
  { id: "ada", name: "Ada" },
  { id: "grace", name: "Grace" },
];

/** How long a session lasts, in seconds: twelve hours. */
export const SESSION_SECONDS = 43_200;

const secret = process.env["SESSION_SECRET"];
if (!secret) throw new Error("SESSION_SECRET is missing: set it to a long random string.");

/** A signed cookie. It holds its own end, as a browser may keep it for longer. */
const sessions = createCookieSessionStorage<{ userId: string; endsAt: number }>({
  cookie: {
    name: "planner_session",
    secrets: [secret],
    maxAge: SESSION_SECONDS,
    path: "/",
    httpOnly: true,
    sameSite: "lax",
    secure: process.env.NODE_ENV === "production",
  },
});

/** The user who is signed in, or null. */
export async function readUser(request: Request): Promise<User | null> {
  const session = await sessions.getSession(request.headers.get("cookie"));
  if ((session.get("endsAt") ?? 0) <= Date.now()) return null;
  return users.find(({ id }) => id === session.get("userId")) ?? null;
}

/** The user of a page behind `requireUser`. */
export const userContext = createContext<User>();

/** Middleware of the pages for users who are signed in. Sends everyone else to the sign-in page. */
export const requireUser: MiddlewareFunction<Response> = async ({ request, context }) => {
  const user = await readUser(request);
  if (!user) throw redirect("/sign-in");
  context.set(userContext, user);
};

/** The `Set-Cookie` header that begins a session. */
export async function startSession({ id }: User): Promise<string> {
  const session = await sessions.getSession();
  session.set("userId", id);
  session.set("endsAt", Date.now() + SESSION_SECONDS * 1000);
  return sessions.commitSession(session);
}

/** The `Set-Cookie` header that ends it. */
export const endSession = async (): Promise<string> => sessions.destroySession(await sessions.getSession());
