import type { App } from "../app.ts";
import type { Config } from "../config/config.ts";
import { isDecidedHere } from "../config/upstream.ts";
import { banner } from "./banner.ts";

const DEVELOPMENT_USER = { id: "ada", name: "Ada" };

/** Prints what a developer does next. */
export async function greet({ app, config }: { app: App; config: Config }, isDemo: boolean): Promise<void> {
  // Where the upstream says who its users are, it need not be there yet.
  const isOurs = isDecidedHere("users", config.upstream);
  const token = isOurs ? (await app.provisionUser(DEVELOPMENT_USER)).token : null;
  console.log(banner(config, token && `${config.publicUrl}/sign-in?token=${token}`, isDemo));
}
