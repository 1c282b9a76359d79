/** The pages of the GraphQL clients whose packages are heavy, or need a TypeScript of their own, before a listening gateway. */
import { execFile } from "node:child_process";
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { type HostedGateway, startHostedGateway } from "../support/client/hosted-gateway.ts";
import { blocksOf, writeBlocks } from "../support/code-blocks.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 420_000 });

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const HERE = fileURLToPath(new URL("./", import.meta.url));
/** Git ignores it. It is below this folder's packages, so that they are found. */
const RUN = "test/graphql-clients/coverage";
const EXAMPLE = join(ROOT, "examples/gql-tada");

const run = async (cwd: string, command: string, words: string[], env: Record<string, string> = {}): Promise<string> => {
  const { NODE_ENV: _test, ...rest } = process.env;
  return (await promisify(execFile)(command, words, { cwd, env: { ...rest, ...env } })).stdout;
};
const install = (folder: string) =>
  existsSync(join(folder, "node_modules"))
    ? Promise.resolve("")
    : run(folder, "npm", ["ci", "--no-audit", "--no-fund", "--workspaces=false"]);

let gateway: HostedGateway;
beforeAll(async () => {
  gateway = await startHostedGateway();
  for (const folder of [HERE, EXAMPLE]) await install(folder);
});
afterAll(async () => {
  await gateway.stop();
  rmSync(join(ROOT, RUN), { recursive: true, force: true });
});

it("Relay compiles and types the page, signs in, and is told why there is no token", async () => {
  const page = blocksOf("docs/clients/relay.md");
  const files = writeBlocks(
    page.filter(({ text }) => text.startsWith("// ")),
    RUN,
  );
  const folder = dirname(files.find((path) => path.endsWith("session-fetch.ts")) ?? "");
  const [config] = page.filter(({ language }) => language === "json").map(({ text }) => JSON.parse(text));
  cpSync(join(ROOT, "schema/schema.graphql"), join(folder, "schema.graphql"));
  writeFileSync(join(folder, "relay.config.json"), JSON.stringify({ ...config, schema: "./schema.graphql", eagerEsModules: true }));
  await run(folder, process.execPath, [join(HERE, "node_modules/relay-compiler/cli.js")]);

  const options = { extends: "../../../../../../tsconfig.json", include: ["**/*.ts"], exclude: [] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(options));
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  expect(await run(folder, process.execPath, [tsc]).catch(({ stdout }) => stdout)).toBe("");

  // What babel-plugin-relay does when an app is built.
  const token = join(folder, "src/token.ts");
  const built = readFileSync(token, "utf8").replace(/graphql`[^`]*`/, "compiled");
  writeFileSync(token, `import compiled from "./__generated__/tokenQuery.graphql.ts";\n${built}`);
  const { createEnvironment } = await import(join(folder, "src/environment.ts"));
  const { getAccessToken } = await import(token);
  const environment = createEnvironment(`${gateway.url}/graphql`, () => gateway.provision("ada-relay"));
  expect(await getAccessToken(environment, "demo")).toMatchObject({
    __typename: "NotConnected",
    connectorUrl: `${gateway.url}/connectors/demo`,
  });
});

it("gql.tada types the example's documents, and the example is told why there is no token", async () => {
  await run(EXAMPLE, "npm", ["run", "--silent", "check"]);
  const env = { XKIT_URL: gateway.url, XKIT_USER_TOKEN: await gateway.provision("ada-tada") };
  expect(await run(EXAMPLE, "npm", ["start", "--silent"], env)).toContain(`${gateway.url}/connectors/demo`);
});
