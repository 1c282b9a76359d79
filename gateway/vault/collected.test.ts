import { describe, expect, it } from "vitest";
import { connectorSchema } from "../providers/connector.ts";
import { parseCollected } from "./collected.ts";

const connector = connectorSchema.parse({
  slug: "desk",
  name: "Desk",
  client_id: "id",
  provider: {
    authorization_endpoint: "https://{subdomain}.desk.example/authorize",
    token_endpoint: "https://{subdomain}.desk.example/token",
  },
  collect: {
    fields: [
      { name: "subdomain", label: "Subdomain", suffix: ".desk.example" },
      { name: "constructor", label: "Note" },
    ],
  },
});
const field = (name: string, value: string) => ({ name, value });

describe("collected fields", () => {
  it("are taken once each, trimmed", () => {
    expect(parseCollected(connector, [field("subdomain", " Acme-1 "), field("constructor", "any text / at all")])).toEqual({
      subdomain: "Acme-1",
      constructor: "any text / at all",
    });
  });

  it.each([
    ["a missing one", [field("subdomain", "acme")], "Note is missing.", "fields"],
    ["none at all", [], "Subdomain is missing.", "fields"],
    ["an empty one", [field("subdomain", "acme"), field("constructor", "  ")], "Note must not be empty.", "fields.1.value"],
    ["one that nobody asked for", [field("toString", "x")], 'Desk asks for no field "toString".', "fields.0.name"],
    ["one twice", [field("subdomain", "a"), field("subdomain", "b")], 'Desk asks for no second field "subdomain".', "fields.1.name"],
  ])("are refused with the field's path: %s", (_name, fields, message, path) => {
    expect(() => parseCollected(connector, fields)).toThrow(
      expect.objectContaining({ message, extensions: expect.objectContaining({ path }) }),
    );
  });

  describe("that say more than a label", () => {
    const facts = {
      kind: "api_key",
      variables: [
        { name: "host", strip: ".help.example", label: "Address" },
        { name: "region", label: "Region", enum: ["eu", "us"], may: "param" },
        { name: "tier", label: "Plan", default: "team", enum: ["free", "team"], may: "param" },
      ],
      collect: [
        { name: "api_key", label: "API key", secret: true },
        { name: "note", label: "Note", optional: true },
      ],
    };
    const fields = [{ name: "host" }, { name: "region" }, { name: "tier", optional: true }, { name: "api_key" }, { name: "note" }];
    const help = connectorSchema.parse({ slug: "help", name: "Help", provider: facts, collect: { fields } });
    const typed = [field("host", "https://Acme.help.example/tickets?x"), field("region", "us"), field("api_key", "key")];

    it("are described by the provider's variables, and what the connector changes of them", () => {
      expect(help.collect?.fields).toEqual([
        {
          name: "host",
          label: "Address",
          hint: null,
          suffix: ".help.example",
          secret: false,
          optional: false,
          default: null,
          options: null,
        },
        { name: "region", label: "Region", hint: null, suffix: null, secret: false, optional: false, default: null, options: ["eu", "us"] },
        {
          name: "tier",
          label: "Plan",
          hint: null,
          suffix: null,
          secret: false,
          optional: true,
          default: "team",
          options: ["free", "team"],
        },
        { name: "api_key", label: "API key", hint: null, suffix: null, secret: true, optional: false, default: null, options: null },
        { name: "note", label: "Note", hint: null, suffix: null, secret: false, optional: true, default: null, options: null },
      ]);
    });

    it("are trimmed of what a pasted address has besides, and have their default where they are left out or stay empty", () => {
      const read = { host: "acme", region: "us", tier: "team", api_key: "key" };
      expect(parseCollected(help, typed)).toEqual(read);
      expect(parseCollected(help, [...typed, field("tier", " "), field("note", "")])).toEqual(read);
      expect(parseCollected(help, [...typed, field("tier", "free"), field("note", "n")])).toEqual({ ...read, tier: "free", note: "n" });
    });

    it.each([
      ["host", "acme.evil.example", "Address must be the name before .help.example, or the whole address."],
      ["region", "mars", "Region must be one of eu, us."],
      ["region", "", "Region must not be empty."],
    ])("are refused beside the field %s that holds %j", (name, value, message) => {
      const sent = typed.map((each) => (each.name === name ? field(name, value) : each));
      const path = `fields.${sent.findIndex((each) => each.name === name)}.value`;
      expect(() => parseCollected(help, sent)).toThrow(expect.objectContaining({ message, extensions: expect.objectContaining({ path }) }));
    });

    it("are told from those of another form than the provider's, which are names of hosts all the same", () => {
      const written = { provider: "salesforce", client_id: "id", client_secret: "secret", collect: { fields: [{ name: "login_host" }] } };
      const salesforce = connectorSchema.parse(written);
      expect(() => parseCollected(salesforce, [field("login_host", "acme.example")])).toThrow(
        "does not have the form that the provider expects.",
      );
      expect(() => parseCollected(salesforce, [field("login_host", "localhost")])).toThrow(
        "must be the name of a public host, without a port.",
      );
      expect(parseCollected(salesforce, [field("login_host", "https://Acme.my.salesforce.com/setup")])).toEqual({
        login_host: "acme.my.salesforce.com",
      });
    });

    it("may ask for what has a default at the provider, which is then no longer fixed", () => {
      const written = { provider: "salesforce", client_id: "id", client_secret: "secret" };
      const { oauth, collect } = connectorSchema.parse({
        ...written,
        collect: { fields: [{ name: "login_host", label: "Where you sign in" }] },
      });
      expect(collect?.fields).toMatchObject([
        { name: "login_host", label: "Where you sign in", optional: true, default: "login.salesforce.com" },
      ]);
      expect(oauth?.provider.tokenEndpoint).toBe("https://{login_host}/services/oauth2/token");
      expect(connectorSchema.parse(written).oauth?.provider.tokenEndpoint).toBe("https://login.salesforce.com/services/oauth2/token");
    });

    it.each([
      [{ name: "other" }, ["label"], "is required"],
      [{ name: "region", default: "mars" }, ["default"], "must be one of eu, us"],
      [{ name: "key", label: "Key", secret: true, default: "x" }, ["default"], "must not be secret: users see its value"],
      [{ name: "tier", enum: ["free"] }, ["default"], "is required: the provider's default, team, is not in the enum"],
      [{ name: "host", enum: ["acme", "a.b"] }, ["enum"], "must be the name before .help.example, or the whole address"],
    ])("are refused in the configuration: %j", (own, path, message) => {
      const { error } = connectorSchema.safeParse({ slug: "help", name: "Help", provider: facts, collect: { fields: [fields[3], own] } });
      expect(error?.issues.map((issue) => ({ key: issue.path.at(-1), message: issue.message }))).toContainEqual({ key: path[0], message });
    });
  });

  it.each([
    "acme.evil.example",
    "acme/path",
    "acme:80",
    "-acme",
    "acme-",
    "a b",
    "acme@evil",
    "acmé",
    "a".repeat(64),
    "{subdomain}",
    "acme#",
    "acme?",
  ])("that become part of a host name are a single label: %s is none", (value) => {
    expect(() => parseCollected(connector, [field("subdomain", value), field("constructor", "x")])).toThrow("must be a single name");
  });
});
