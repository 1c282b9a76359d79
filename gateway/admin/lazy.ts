import { Hono } from "hono";
import { ADMIN_PATH } from "../auth/cookies.ts";
import type { Routed } from "../http/pipeline.ts";
import type { AdminDependencies } from "./visit.ts";

/** The operator's page, whose modules are loaded when it is first asked for: most processes never are. */
export function createLazyAdmin(dependencies: AdminDependencies): Hono<Routed> {
  let loading: Promise<Hono<Routed>> | undefined;
  const load = () => (loading ??= import("./routes.ts").then(({ createAdminRoutes }) => createAdminRoutes(dependencies)));
  const routes = new Hono<Routed>();
  for (const path of [ADMIN_PATH, `${ADMIN_PATH}/*`]) routes.all(path, async ({ env }) => (await load()).fetch(env.request, env));
  return routes;
}
