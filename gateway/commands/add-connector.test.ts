import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { readConfigFile } from "../config/file.ts";
import { addToConfigFile, entryOf } from "./add-connector.ts";

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "xkit-add-"));
  path = join(directory, "xkit.config.json");
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function add(provider: string, slug = provider): string {
  addToConfigFile(path, slug, entryOf(provider, slug));
  return readFileSync(path, "utf8");
}

const slack = `    {
      "provider": "slack",
      "client_id": "\${SLACK_CLIENT_ID}",
      "client_secret": "\${SLACK_CLIENT_SECRET}"
    }`;

describe("a connector that is added", () => {
  it("makes the file where there is none", () => {
    expect(add("slack")).toBe(`{
  "platform": { "name": "Xkit Gateway" },
  "connectors": [
${slack}
  ]
}
`);
  });

  it("names the schema of a package that is installed beside a new file, and takes a file that begins with a byte order mark", () => {
    const schema = "./node_modules/xkit-gateway/schema/xkit.config.schema.json";
    mkdirSync(join(directory, dirname(schema)), { recursive: true });
    writeFileSync(join(directory, schema), "{}");
    expect(JSON.parse(add("slack"))).toMatchObject({ $schema: schema, platform: { name: "Xkit Gateway" } });
    writeFileSync(path, '\uFEFF{ "web_origins": ["https://a.example"] }');
    expect(addToConfigFile(path, "slack", entryOf("slack", "slack"))).toEqual({ hasWebOrigins: true });
    writeFileSync(path, "\uFEFF{}");
    vi.stubEnv("XKIT_CONFIG", path);
    expect(readConfigFile()).toEqual({ path, text: "{}" });
    vi.unstubAllEnvs();
  });

  it.each([
    [`{\n  "platform": {},\n  "connectors": []\n}\n`, `{\n  "platform": {},\n  "connectors": [\n${slack}\n  ]\n}\n`],
    [
      `{ "connectors": [\n    { "slug": "a", "scopes": ["]", "}"] }\n  ], "web_origins": [ "https://a.example" ] }`,
      `{ "connectors": [\n    { "slug": "a", "scopes": ["]", "}"] },\n${slack}\n  ], "web_origins": [ "https://a.example" ] }`,
    ],
    [`{}`, `{\n  "connectors": [\n${slack}\n  ]\n}`],
  ])("leaves every other byte of %j", (before, after) => {
    writeFileSync(path, before);
    expect(add("slack")).toBe(after);
  });

  it("names the variables by its own slug, which may differ from the provider's", () => {
    expect(entryOf("google", "google-calendar")).toEqual({
      slug: "google-calendar",
      provider: "google",
      client_id: "${GOOGLE_CALENDAR_CLIENT_ID}",
      client_secret: "${GOOGLE_CALENDAR_CLIENT_SECRET}",
    });
  });

  it("of a provider whose users type a key needs no client", () => {
    expect(entryOf("openai", "openai")).toEqual({ provider: "openai" });
  });

  it.each([
    [{ provider: "slack" }],
    [{ slug: "slack" }],
    [{ provider: { extends: "slack" } }],
    [{ provider: { slug: "slack", name: "Chat" } }],
  ])("is refused beside %j, and the file stays", (connector) => {
    const before = JSON.stringify({ connectors: [connector] });
    writeFileSync(path, before);
    expect(() => add("slack")).toThrow('already has a connector "slack"');
    expect(readFileSync(path, "utf8")).toBe(before);
  });

  it.each(["", "[]", "{", '{ "connectors": {} }'])("is refused where the file is %j", (text) => {
    writeFileSync(path, text);
    expect(() => add("slack")).toThrow('must be a JSON object in which "connectors" is a list');
    expect(readFileSync(path, "utf8")).toBe(text);
  });
});
