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
