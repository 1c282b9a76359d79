/** A gateway in a process of its own, which stops and starts again whenever the test that forked it says so. */
import { z } from "zod";
import { createApp } from "../../gateway/app.ts";
import { parseConfig } from "../../gateway/config/config.ts";
import { startGateway } from "../../gateway/listen.ts";

const { env, file, drainMs } = z
  .object({ env: z.record(z.string(), z.string()), file: z.string(), drainMs: z.number() })
  .parse(JSON.parse(process.argv[2] ?? ""));
const config = { ...parseConfig(env, { path: "xkit.config.json", text: file }), drainMs };
const start = () => startGateway(config, async (settled) => ({ config: settled, app: await createApp(settled) }));

let gateway = await start();
const restart = async () => {
  await gateway.stop();
  gateway = await start();
  return "started";
};
const tokenOf = async (id: string) => (await gateway.app.provisionUser({ id })).token;
process.on("message", (order) => {
  void (order === "token" ? tokenOf("ada") : restart()).then((answer) => process.send?.(answer));
});
process.on("disconnect", () => process.exit());
process.send?.("started");
