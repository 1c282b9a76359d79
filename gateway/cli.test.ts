import { generateKeyPairSync } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { parseConfig } from "./config/config.ts";
import { systemClock } from "./runtime/clock.ts";
import { openDatabase } from "./store/open.ts";
import { runCommand } from "../test/support/command.ts";
import { startProcess } from "../test/support/process.ts";

// Some commands are processes of their own, and a busy machine takes seconds to start one.
vi.setConfig({ testTimeout: 60_000 });

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "xkit-cli-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Where the store is named, the first command makes it. */
const STORE = { DATABASE_URL: "file:.data/xkit.db" };

const run = (args: readonly string[], env: Record<string, string> = {}) => runCommand(args, { ...STORE, ...env }, directory);

/** As a process of its own. */
async function runProcess(args: readonly string[], env: Record<string, string> = {}) {
  const started = startProcess(args, { ...STORE, ...env }, directory);
  const code = await started.ended;
  return { code, stdout: started.stdout(), stderr: started.stderr() };
}

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());

describe("the command line", () => {
  it("prints a user token, and nothing else", async () => {
    const { code, stdout, stderr } = await runProcess(["users", "token", "ada", "--group", "acme", "--name", "Ada"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    expect(claimsOf(stdout)).toMatchObject({ sub: "ada", iss: "http://localhost:4000" });
  });

  it("revokes the tokens of a user, and refuses an unknown one", async () => {
    await run(["users", "token", "ada"]);
    expect(await run(["users", "revoke", "ada"])).toEqual({
      code: 0,
      stdout: "The user is signed out everywhere. Their connections are kept.\n",
      stderr: "",
    });
    expect(await runProcess(["users", "revoke", "bob"])).toMatchObject({
      code: 1,
      stderr: "No user or operator has this id.\n",
    });
  });

  it("signs out an operator who is none of the users", async () => {
    await run(["users", "token", "ada"]);
    const database = await openDatabase(`file:${join(directory, ".data", "xkit.db")}`, { clock: systemClock });
    // Under the store's key, without which no command opens it.
    const { mac } = await database.query.selectFrom("users").select("mac").executeTakeFirstOrThrow();
    const session = { id: "session", secret_hash: "hash", key_id: null, user_id: "grace", rule: "rule", mac };
    const lasting = { created_at: 0, expires_at: Number.MAX_SAFE_INTEGER };
    await database.query
      .insertInto("operator_sessions")
      .values({ ...session, ...lasting })
      .execute();
    await database.close();
    expect(await run(["users", "revoke", "grace"])).toEqual({
      code: 0,
      stderr: "",
      stdout: "The user is signed out everywhere. Their connections are kept.\n",
    });
    expect(await run(["users", "revoke", "grace"])).toMatchObject({ code: 1, stderr: "No user or operator has this id.\n" });
  });

  it.each([
    [["users", "erase", "grace"], "This gateway holds nothing about this user."],
    [["users", "export", "grace"], "This gateway holds nothing about this user."],
    [["connections", "show", "connection-1"], "No connection has this id, or the configuration no longer has its connector."],
  ])("fails with a sentence and exit code 1 where the store does not have what is named: %j", async (command, sentence) => {
    await run(["users", "token", "ada"]);
    expect(await run(command)).toEqual({ code: 1, stdout: "", stderr: `${sentence}\n` });
  });

  it.each([
    [["connections", "list"], "No connections.\n", ""],
    [["keys", "list"], "No API keys.\n", "[]\n"],
    [["webhooks", "list"], "No webhooks.\n", "[]\n"],
    [["audit", "--user", "grace"], "No audit events.\n", ""],
  ])("says of an empty list that it is empty, but not as JSON: %j", async (list, sentence, json) => {
    await run(["users", "token", "ada"]);
    expect(await run(list)).toEqual({ code: 0, stdout: sentence, stderr: "" });
    expect(await run([...list, "--json"])).toEqual({ code: 0, stdout: json, stderr: "" });
  });

  it("makes user tokens in front of another gateway where users are its own alone", async () => {
    const front = {
      XKIT_UPSTREAM: "xkit",
      XKIT_UPSTREAM_URL: "https://connect.example.com",
      XKIT_UPSTREAM_PUBLISHABLE_KEY: "pk_1",
      XKIT_UPSTREAM_SECRET_KEY: "sk_1",
    };
    const { stdout } = await run(["users", "token", "ada"], { ...front, XKIT_UPSTREAM_USERS: "ours" });
    expect(claimsOf(stdout)).toMatchObject({ sub: "ada" });
    expect(await run(["users", "token", "ada"], front)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("upstream holds its users"),
    });
  });

  it("prints what was done as lines and as JSON, and verifies it", async () => {
    const { stdout: created } = await run(["keys", "create"]);
    const id = /pk_\S+/.exec(created)?.[0] ?? "";
    await run(["users", "token", "ada"]);
    expect((await run(["audit"])).stdout).toMatch(
      new RegExp(`^\\S+Z  key\\.create  done  by the operator  key ${id}\n\\S+Z  user\\.provision  done  by the operator  of user ada\n$`),
    );
    const { stdout } = await run(["audit", "--json", "--since", "1h", "--user", "ada"]);
    expect(JSON.parse(stdout)).toMatchObject({ action: "user.provision", owner: { kind: "user", id: "ada" } });
    expect(await run(["audit", "verify"])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/2 rows of 2 chains are unchanged since they were written\.\n$/),
    });
    expect(await run(["audit", "--since", "yesterday"])).toMatchObject({ code: 2, stderr: expect.stringContaining("--since must be") });
  });

  it("makes API keys, lists them without their secrets, and revokes them", async () => {
    const created = await run(["keys", "create", "--name", "billing"]);
    const [, id = "", secret = ""] = /^publishable (pk_\S+)\nsecret {6}(sk_\S+)\n/.exec(created.stdout) ?? [];
    expect(secret).not.toBe("");
    const listed = await run(["keys", "list"]);
    expect(listed.stdout).toMatch(new RegExp(`^${id}  billing  created \\S+  last used never\n$`));
    expect((await run(["keys", "revoke", id])).code).toBe(0);
    expect((await run(["keys", "list"])).stdout).toContain("revoked 2");
    expect(await run(["keys", "revoke", id])).toMatchObject({ code: 1, stderr: expect.stringContaining("already revoked") });
    expect(await run(["keys", "revoke", "pk_nothing"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("No API key has this publishable key"),
    });
  });

  it("makes a sealing key that a production start takes, without opening a store", async () => {
    const { code, stdout } = await run(["keys", "seal"]);
    expect({ code, store: existsSync(join(directory, ".data")) }).toEqual({ code: 0, store: false });
    writeFileSync(join(directory, "xkit.config.json"), JSON.stringify({ platform: { name: "Acme" } }));
    const env = { NODE_ENV: "production", XKIT_ENCRYPTION_KEYS: stdout.trim(), XKIT_PUBLIC_URL: "https://connect.example.com" };
    expect((await run(["keys", "create"], env)).code).toBe(0);
  });

  it("retires a sealing key: status, reseal, status", async () => {
    const [first, second] = [(await run(["keys", "seal"])).stdout.trim(), (await run(["keys", "seal"])).stdout.trim()];
    const [firstId, secondId] = [first.split(":")[0] ?? "", second.split(":")[0] ?? ""];
    expect(firstId).not.toBe(secondId);
    await run(["users", "token", "ada"], { XKIT_ENCRYPTION_KEYS: first });
    const columnsWith = (acts: number) =>
      `signing_keys.sealed_private_jwk 1, persons.sealed_key 1, signing_keys.mac 1, users.mac 1, upgrades.mac 1, audit_events.mac ${acts}, audit_heads.mac ${acts}`;
    const statusWith = async (keys: string) => (await run(["keys", "status"], { XKIT_ENCRYPTION_KEYS: keys })).stdout;
    expect(await statusWith(second)).toBe(
      `${secondId}  seals  0 values\n${firstId}  missing in XKIT_ENCRYPTION_KEYS  7 values  ${columnsWith(1)}\n`,
    );
    const both = { XKIT_ENCRYPTION_KEYS: `${second},${first}` };
    expect(await run(["keys", "reseal"], both)).toEqual({
      code: 0,
      stdout: `7 values in the store now use ${secondId}.\n`,
      stderr: Array.from({ length: 7 }, (_, index) => `${index + 1} of 7\n`).join(""),
    });
    expect(await statusWith(both.XKIT_ENCRYPTION_KEYS)).toBe(
      `${secondId}  seals  9 values  ${columnsWith(2)}\n${firstId}  opens, can be removed  0 values\n`,
    );
    expect((await run(["keys", "list"], { XKIT_ENCRYPTION_KEYS: second })).code).toBe(0);
    // A spooled token is in the store only after the next start.
    mkdirSync(join(directory, ".data", "spool"));
    writeFileSync(join(directory, ".data", "spool", "some.1.sealed"), `s1.${firstId}.AAAA`);
    expect(await statusWith(both.XKIT_ENCRYPTION_KEYS)).toContain(`${firstId}  opens  1 values  spool 1\n`);
    expect((await run(["keys", "list"], { XKIT_ENCRYPTION_KEYS: second })).code).toBe(2);
  });

  it("adds a connector, says what is to be done, and checks it", async () => {
    const added = await run(["connectors", "add", "github", "--as", "code"], { XKIT_PUBLIC_URL: "https://connect.example.com" });
    expect(added).toMatchObject({ code: 0, stderr: "" });
    expect(added.stdout.split("\n").slice(0, 3)).toEqual([
      'Added the connector "code" to xkit.config.json.',
      'Users see it as GitHub. To change that, set "name".',
      "Redirect URI to register: https://connect.example.com/callback/code",
    ]);
    expect(added.stdout).toContain('Scopes: read:user. To change them, set "scopes".\n');
    expect(added.stdout).toContain("Variables to set: CODE_CLIENT_ID, CODE_CLIENT_SECRET\n");
    expect(added.stdout).toContain('Pages of your app need "web_origins", for example ["http://localhost:3000"].\n');
    expect(await run(["connectors", "add", "github", "--as", "code"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("already"),
    });
    const { code, stdout } = await run(["connectors", "check"], { CODE_CLIENT_ID: "planted" });
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout:
        "configuration  error  xkit.config.json connectors.0.client_secret refers to the environment variable CODE_CLIENT_SECRET, which is not set\n",
    });
  });

  it("tells of a connector that is added what each user is asked for", async () => {
    const { stdout } = await run(["connectors", "add", "marketo"]);
    expect(stdout).toMatch(/^It asks each user for .+\. To give all users one value, set "munchkin_id" in "variables"\.$/m);
  });

  it("lists the known providers", async () => {
    const { stdout } = await run(["connectors", "list"]);
    expect(stdout).toMatch(/^slack +Slack +oauth2 +documented 2\d{3}-\d\d-\d\d$/m);
  });

  it("rotates the keys that sign", async () => {
    const keyIdOf = (token: string) => JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString()).kid;
    const before = keyIdOf((await run(["users", "token", "ada"])).stdout);
    expect((await run(["keys", "rotate"])).code).toBe(0);
    expect(keyIdOf((await run(["users", "token", "ada"])).stdout)).not.toBe(before);
  });

  it("makes no store where none is named, and none for a command that only reads", async () => {
    for (const [args, url] of [
      [["keys", "create"], ""],
      [["users", "token", "ada"], ""],
      [["keys", "list"], "file:.data/xkit.db"],
      [["keys", "status"], "file:.data/xkit.db"],
      [["import", "dump.jsonl", "--dry-run"], "file:.data/xkit.db"],
    ] as const) {
      const { code, stderr } = await run(args, { DATABASE_URL: url });
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/^There is no store at .+xkit\.db\. Run the command in/) });
    }
    expect(existsSync(join(directory, ".data"))).toBe(false);
  });

  it("prints lists as JSON where it is asked to", async () => {
    const created = JSON.parse((await run(["keys", "create", "--name", "billing", "--json"])).stdout);
    expect(created).toEqual({ publishable: expect.stringMatching(/^pk_/), secret: expect.stringMatching(/^sk_/) });
    const keys = JSON.parse((await run(["keys", "list", "--json"])).stdout);
    expect(keys).toEqual([
      {
        publishable: created.publishable,
        name: "billing",
        created_at: expect.stringMatching(/^\d{4}-.*Z$/),
        last_used_at: null,
        revoked_at: null,
        is_genuine: true,
        state: "last used never",
      },
    ]);
    expect(JSON.parse((await run(["keys", "status", "--json"])).stdout)[0]).toMatchObject({ state: "seals", values: expect.any(Number) });
    const providers = JSON.parse((await run(["connectors", "list", "--json"])).stdout);
    expect(providers).toContainEqual({ slug: "slack", name: "Slack", kind: "oauth2", documented: expect.any(String) });
  });

  it("prints its version", async () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8"));
    expect(await runProcess(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  });

  it("answers a group with its commands", async () => {
    const { code, stdout } = await run(["keys"]);
    expect(code).toBe(0);
    expect(stdout).toContain("xkit-gateway keys rotate");
    expect(stdout).not.toContain("xkit-gateway users");
    expect((await run(["keys", "--help"])).stdout).toBe(stdout);
  });

  it("warns at the start of a variable of its own prefix that nothing reads, and names the one that was probably meant", async () => {
    const started = startProcess(["start"], { ...STORE, PORT: "0", XKIT_PUBLIC_ULR: "https://x.example.com" }, directory);
    const line = await started.printed(/.*this is not an environment variable of the gateway: check its spelling.*/);
    expect(JSON.parse(line)).toMatchObject({ level: "warn", variable: "XKIT_PUBLIC_ULR", nearest: "XKIT_PUBLIC_URL" });
    started.child.kill("SIGTERM");
    await started.ended;
  });

  it("imports connections of lines, and exits with 1 where one is refused", async () => {
    const connectors = [{ provider: "github", client_id: "client", client_secret: "planted" }];
    writeFileSync(join(directory, "xkit.config.json"), JSON.stringify({ platform: { name: "Acme" }, connectors }));
    const lines = [
      { user: "ada", connector: "github", access_token: "planted-token" },
      { user: "ada", connector: "none", access_token: "planted-token" },
    ];
    writeFileSync(join(directory, "dump.jsonl"), lines.map((line) => JSON.stringify(line)).join("\n"));
    const refused = 'line 2  refused  connector: the configuration has no connector "none".\n';
    // A dry run makes no store.
    await run(["users", "token", "bob"]);
    expect(await run(["import", "dump.jsonl", "--dry-run"])).toEqual({
      code: 1,
      stdout: `line 1  imported  github of user ada\n${refused}`,
      stderr: "2 connections: 1 imported, 0 skipped, 0 kept, 1 refused. Nothing was written: this was a dry run.\n",
    });
    expect(await run(["import", "dump.jsonl"])).toEqual({
      code: 1,
      stdout: refused,
      stderr: expect.stringMatching(/stop the old system first.*\n2 connections: 1 imported, 0 skipped, 0 kept, 1 refused\.\n$/),
    });
    expect(await run(["import", "dump.jsonl", "--dry-run", "--verify"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--verify"),
    });
    const [first = ""] = (await run(["import", "dump.jsonl", "--json"])).stdout.split("\n");
    expect(JSON.parse(first)).toMatchObject({ line: 1, status: "skipped", connector: "github", owner: { kind: "user", id: "ada" } });
    expect(await run(["import", "missing.jsonl"])).toMatchObject({ code: 2, stderr: expect.stringContaining("cannot be read (ENOENT)") });
  });

  it("exports connections sealed into a new file, and imports them with the private key from the environment", async () => {
    const connectors = [{ provider: "github", client_id: "client", client_secret: "planted" }];
    writeFileSync(join(directory, "xkit.config.json"), JSON.stringify({ platform: { name: "Acme" }, connectors }));
    writeFileSync(join(directory, "dump.jsonl"), JSON.stringify({ user: "ada", connector: "github", access_token: "planted-token" }));
    const pair = generateKeyPairSync("x25519");
    writeFileSync(join(directory, "to.pub"), pair.publicKey.export({ type: "spki", format: "pem" }));
    await run(["import", "dump.jsonl"]);
    expect(await run(["export", "out", "--to", "to.pub"])).toMatchObject({ code: 0, stdout: "" });
    expect(readFileSync(join(directory, "out"), "utf8")).toMatch(/^[\w-]+(\.[\w-]+){4}\n$/);
    expect(await run(["export", "out", "--to", "to.pub"])).toMatchObject({ code: 2, stderr: expect.stringContaining("(EEXIST)") });
    expect(await run(["export", "out", "--to", "dump.jsonl"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("not a readable key"),
    });
    const elsewhere = {
      DATABASE_URL: "file:other.db",
      XKIT_IMPORT_KEY: pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    };
    expect(await run(["import", "out"], elsewhere)).toMatchObject({ code: 0, stderr: expect.stringContaining("1 imported") });
  });

  it("prints what is held of a user, erases it, and refuses one of whom nothing is held", async () => {
    await run(["users", "token", "ada", "--name", "Ada"]);
    const { stdout } = await run(["users", "export", "ada"]);
    expect(JSON.parse(stdout)).toMatchObject({ user: { id: "ada", name: "Ada", group: null }, sessions: [], connections: [] });
    expect(await run(["users", "erase", "ada"])).toEqual({ code: 0, stdout: "Erased: users 1\n", stderr: "" });
    expect(await run(["users", "erase", "ada"])).toEqual({ code: 1, stdout: "", stderr: "This gateway holds nothing about this user.\n" });
  });

  it("prints its usage", async () => {
    expect(await run(["--help"])).toMatchObject({ code: 0, stdout: expect.stringContaining("keys rotate") });
  });

  it.each([
    [["nonsense"], 'Unknown command "nonsense".'],
    [["keys", "crate"], 'Unknown command "keys crate". Did you mean "keys create"?'],
    [["conectors"], 'Did you mean "connectors"?'],
    [["users", "token"], "needs <user_id>"],
    [["users", "token", "a\u0007"], "control characters"],
    [["keys", "create", "billing"], "Too many arguments: billing"],
    [["keys", "list", "--name", "x"], "does not accept --name"],
    [["import", "dump.jsonl", "--from", "csv"], "--from must be one of jsonl, nango, better-auth"],
    [["import", "dump.jsonl", "--map", "slack"], "--map must be a list such as"],
    [["import", "dump.jsonl", "--from", "better-auth"], "Set BETTER_AUTH_SECRET"],
    [["export", "out"], "needs --to <file>"],
    [["connections", "lst"], 'Did you mean "connections list"?'],
    [["connections", "list", "--follow"], "does not accept --follow"],
    [["connectors", "add", "slak"], 'knows no provider "slak"'],
    [["--nonsense"], "--nonsense"],
  ])("answers misuse with a sentence, the way to the usage and exit code 2: %j", async (args, words) => {
    const { code, stdout, stderr } = await run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(words);
    expect(stderr).toContain("xkit-gateway --help");
  });
});

describe("a start is refused with a sentence for", () => {
  it.each<[string, Record<string, string>, number, RegExp]>([
    [
      "a bad configuration",
      { PORT: "x", LOG_LEVEL: "x" },
      2,
      /^The configuration has 2 problems:\n {2}- PORT [^\n]*\n {2}- LOG_LEVEL [^\n]*\n$/,
    ],
    ["a file that is missing", { XKIT_CONFIG: "other.json" }, 2, /XKIT_CONFIG names other\.json, which cannot be read \(ENOENT\)\n$/],
    [
      "production without settings",
      { NODE_ENV: "production" },
      2,
      /XKIT_ENCRYPTION_KEYS is required in production; create one with: npx xkit-gateway keys seal\n/,
    ],
    [
      "a store that cannot be reached",
      { PORT: "0", DATABASE_URL: "postgres://u:planted@127.0.0.1:1/x" },
      1,
      /^The gateway could not start\. The database server cannot be reached: [^\n]+ \(ECONNREFUSED: [^\n]+\)\n$/,
    ],
    [
      "a store that is no database",
      { PORT: "0", DATABASE_URL: "file:notes.txt" },
      1,
      /^The gateway could not start\. The file in DATABASE_URL is damaged or is not a SQLite database: [^\n]+ \(SQLITE_NOTADB: [^\n]+\)\n$/,
    ],
  ])("%s", async (_name, env, expected, message) => {
    writeFileSync(join(directory, "notes.txt"), "This is no database, only a long line of text. ".repeat(50));
    writeFileSync(join(directory, "xkit.config.json"), JSON.stringify({ platform: { name: "Acme" } }));
    const { code, stderr } = await runProcess(["start"], env);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain("planted");
    expect(code).toBe(expected);
  });

  it("that there is no configuration file, with one to write that a gateway takes", async () => {
    const { code, stderr } = await run(["start"]);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining(
        `There is no configuration file: ${join(realpathSync(directory), "xkit.config.json")} does not exist`,
      ),
    });
    const client = { GITHUB_CLIENT_ID: "client", GITHUB_CLIENT_SECRET: "secret" };
    const written = { path: "xkit.config.json", text: /^\{$.*^\}$/ms.exec(stderr)?.[0] ?? "" };
    expect([...parseConfig(client, written).connectors.keys()]).toEqual(["github"]);
  });

  it("a default configuration file that cannot be read", async () => {
    mkdirSync(join(directory, "xkit.config.json"));
    expect(await runProcess(["start"], { PORT: "0" })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("cannot be read (EISDIR)"),
    });
  });

  it("a malformed development key, whose file is kept", async () => {
    mkdirSync(join(directory, ".data"));
    writeFileSync(join(directory, ".data", "sealing-key"), "broken");
    expect(await run(["users", "token", "ada"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("sealing-key is not a sealing key"),
    });
    expect(readFileSync(join(directory, ".data", "sealing-key"), "utf8")).toBe("broken");
  });

  it("a store that was sealed with another key", async () => {
    await run(["users", "token", "ada"]);
    const other = (await run(["keys", "seal"])).stdout.trim();
    expect(await run(["users", "token", "ada"], { XKIT_ENCRYPTION_KEYS: other })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("XKIT_ENCRYPTION_KEYS does not open this store"),
    });
  });
});
