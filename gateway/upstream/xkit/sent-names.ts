import type { RestRequest } from "./rest-client.ts";

/** The parameters that follow a part of a path. */
const parametersAfter: Readonly<Record<string, readonly string[]>> = {
  connectors: ["slug"],
  connections: ["slug"],
  connection: ["id"],
  authorizations: ["slug", "id"],
  users: ["external_id"],
  groups: ["external_id"],
};

/** The names of all that a request sends: in its path, its query and its body, where `user.name` is a member of a member. */
export function namesSentBy({ path, query = {}, body = {} }: RestRequest): ReadonlySet<string> {
  const inPath = path.flatMap((part, index) =>
    Object.hasOwn(parametersAfter, part) ? (parametersAfter[part] ?? []).slice(0, path.length - index - 1) : [],
  );
  const inQuery = Object.entries(query).flatMap(([name, value]) => (value === null ? [] : [name]));
  const inBody = Object.entries(body).flatMap(([name, value]: [string, unknown]) => [
    name,
    ...(typeof value === "object" && value !== null ? Object.keys(value).map((member) => `${name}.${member}`) : []),
  ]);
  return new Set([...inPath, ...inQuery, ...inBody]);
}
