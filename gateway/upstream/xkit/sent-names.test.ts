import { expect, it } from "vitest";
import { namesSentBy } from "./sent-names.ts";

it("names the parameters of a path, of a query and of a body, and nothing that was not sent", () => {
  const request = {
    method: "POST",
    path: ["api", "platform", "users", "ada", "connections"],
    query: { minimum_ttl: 60, rejected: null },
    credential: null,
    body: { user: { name: "Ada" }, return_to: "/" },
  } as const;
  expect([...namesSentBy(request)]).toEqual(["external_id", "minimum_ttl", "user", "user.name", "return_to"]);
});
