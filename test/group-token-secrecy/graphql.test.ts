/**
 * A group's tokens reach no user, by any path (docs/architecture.md, "Groups"). By exhaustion: every path of the schema to every text, every operation of
 * the REST contract (`rest.test.ts`), every page, every channel, and every error, as every caller that is no server; with known tokens,
 * whose bytes are looked for in whole answers. Each field is asked with what it needs to succeed, and has to. A new field or argument fails
 * here until it is listed.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { rootsOf, textFields } from "./secrets.ts";
import { casesOf } from "../support/long.ts";
import { askAll, operations, SERVER_ROOTS, toInit } from "./asking.ts";
import { startPlainGateway } from "./plain.ts";
import { askers, createWorld, ENUMERATION_TIMEOUT_MS, TOKEN_FIELDS, type World } from "./world.ts";

/** Fields that never give a token: names, ids, sentences, links, and what signs in here. They are searched all the same. */
const OTHER_FIELDS = [
  ...["apiBaseUrl", "fingerprint", "kind", "missingScopes", "scopes", "tokenType"].map((name) => `AccessToken.${name}`),
  ...[
    "authorizeUrl",
    "displayLabel",
    "errorCode",
    "connectionId",
    "errorMessage",
    "healthCode",
    "id",
    "missingScopes",
    "scopes",
    "state",
  ].map((name) => `Authorization.${name}`),
  ...["advice", "title"].map((name) => `Problem.${name}`),
  ...["id", "name"].map((name) => `ConnectedBy.${name}`),
  ...["name", "value"].map((name) => `MetadataEntry.${name}`),
  ...["addedScopes", "code", "removedScopes", "tokenKind"].map((name) => `HistoryEntry.${name}`),
  ...["keyId", "person", "sessionId", "userId"].map((name) => `AuditActor.${name}`),
  ...["name", "value"].map((name) => `AuditDetail.${name}`),
  ...["action", "address", "agent", "connectionId", "connector", "fingerprint", "id", "nodeId", "outcome", "purpose", "requestId"].map(
    (name) => `AuditEvent.${name}`,
  ),
  ...["id", "person"].map((name) => `AuditOwner.${name}`),
  ...["AuditEventEdge", "HistoryEdge"].map((name) => `${name}.cursor`),
  ...["body", "id"].map((name) => `Event.${name}`),
  ...["default", "hint", "label", "name", "options", "suffix"].map((name) => `CollectField.${name}`),
  ...["instructions", "instructionsTree", "saveLabel"].map((name) => `CollectForm.${name}`),
  ...["userCode", "verificationUri", "verificationUriComplete"].map((name) => `DeviceCode.${name}`),
  ...["connectorUrl", "id"].map((name) => `Connection.${name}`),
  ...["connector", "id"].map((name) => `DeletedConnection.${name}`),
  ...["connector", "groupId", "id"].map((name) => `KeptConnection.${name}`),
  "DeleteUserPayload.userId",
  ...["importId", "messages"].map((name) => `ImportConnectionResult.${name}`),
  "ConnectionOwner.id",
  ...["Authorization", "Connection", "Connector", "Group", "Platform", "User", "Viewer"].map((name) => `${name}.nodeId`),
  ...["ConnectionEdge", "GroupEdge", "UserEdge"].map((name) => `${name}.cursor`),
  ...["endCursor", "startCursor"].map((name) => `PageInfo.${name}`),
  ...["connectorUrl", "description", "descriptionTree", "markUrl", "name", "searchTerms", "shortDescription", "slug"].map(
    (name) => `Connector.${name}`,
  ),
  ...["color", "loginRedirectUrl", "logoDarkUrl", "logoUrl", "name", "privacyUrl", "slug", "website"].map((name) => `Platform.${name}`),
  ...["scope", "text"].map((name) => `Permission.${name}`),
  ...[
    "ConnectorMisconfigured",
    "MinimumTtlUnavailable",
    "NotConnected",
    "ReconnectRequired",
    "ScopesMissing",
    "TemporarilyUnavailable",
    "TokenWithheld",
  ].map((name) => `${name}.message`),
  ...["NotConnected", "ReconnectRequired", "ScopesMissing"].map((name) => `${name}.connectorUrl`),
  "ScopesMissing.missingScopes",
  "AuthorizationHeader.name",
  "Group.id",
  ...["groupId", "id", "name"].flatMap((name) => [`User.${name}`, `Viewer.${name}`]),
  "MoveUserPayload.previousGroupId",
  "ProvisionedUser.token",
  "RefreshConnectionPayload.message",
  "Session.token",
];

/** Types whose fields no member ever gets, while all is well. */
const UNREACHABLE = {
  AccessToken: "its tokens are withheld",
  AuditActor: "servers only",
  AuditDetail: "servers only",
  AuditEvent: "servers only",
  AuditEventEdge: "servers only",
  AuditOwner: "servers only",
  AuthorizationHeader: "it holds a token, which is withheld",
  ConnectionEdge: "servers only",
  ConnectorMisconfigured: "a member's question reaches no provider",
  DeletedConnection: "servers only",
  DeleteUserPayload: "servers only",
  DeviceCode: "the world's providers ask no user to enter a code",
  Event: "servers only",
  Group: "servers only",
  GroupEdge: "servers only",
  ImportConnectionResult: "servers only",
  KeptConnection: "servers only",
  MetadataEntry: "the world's providers tell nothing of their accounts",
  MinimumTtlUnavailable: "a member is told that the token is withheld first",
  MoveUserPayload: "servers only",
  NotConnected: "the group is connected; disconnected ones are in the errors",
  Problem: "nothing is wrong; what is, is in the errors",
  ProvisionedUser: "servers only",
  RefreshConnectionPayload: "servers only",
  ReconnectRequired: "the group's grant is good; a bad one is in the errors",
  ScopesMissing: "a member is told that the token is withheld first",
  TemporarilyUnavailable: "a member's question reaches no provider",
  User: "servers only",
  UserEdge: "servers only",
};

let world: World;
beforeAll(async () => (world = await createWorld(await startPlainGateway())));
afterAll(() => world.close());

it("every field that can hold a token is listed", () => {
  expect(textFields()).toEqual([...TOKEN_FIELDS, ...OTHER_FIELDS].toSorted());
});

it("a server gets the group's token by every field that can hold it", { timeout: ENUMERATION_TIMEOUT_MS }, async () => {
  const { leaking, reached } = await askAll(
    world,
    "server",
    operations(world, "query", (root) => (root === "group" ? textFields() : [])),
  );
  expect(TOKEN_FIELDS.filter((field) => !reached.has(field))).toEqual(["Query.connectionToken", "User.connectionToken"]);
  const isToken = (text: string) => /accessToken|connectionToken/.test(text);
  expect(leaking.length).toBeGreaterThan(40);
  expect(leaking.every(isToken)).toBe(true);
  const ofUsers = operations(world, "query", (root) => (root === "user" ? TOKEN_FIELDS : []));
  const users = await askAll(world, "server", ofUsers);
  expect(users.leaking).toEqual([]);
  expect(users.reached).toContain("User.connectionToken");
});

it("a user without a group gets their own tokens, refreshed or typed", async () => {
  const headers = await world.headersOf("user without a group");
  for (const slug of ["test", "keyed"]) {
    const { body } = await world.read("/graphql", toInit(`{ connectionToken(where: { slug: "${slug}" }) }`, headers));
    expect(world.isOwn(JSON.parse(body).data.connectionToken)).toBe(true);
  }
  const submits = operations(world, "mutation", (root) => (root === "submitAuthorization" ? ["Authorization.accessToken"] : []));
  const { bodies, leaking } = await askAll(world, "user without a group", submits);
  expect(leaking).toEqual([]);
  expect([...bodies.values()].some((body) => world.isOwn(JSON.parse(body).data.submitAuthorization.accessToken))).toBe(true);
});

it.each(casesOf(askers, (asker) => asker === "member"))(
  "no query and no mutation answers the group's token: %s",
  { timeout: ENUMERATION_TIMEOUT_MS },
  async (asker) => {
    const queries = await askAll(world, asker, operations(world, "query"));
    const mutations = await askAll(world, asker, operations(world, "mutation"));
    expect([...queries.leaking, ...mutations.leaking]).toEqual([]);
    if (asker !== "member") return;
    // An operation that never succeeds would prove nothing.
    const missed = [...rootsOf("query", world.values), ...rootsOf("mutation", world.values)].filter(
      (root) => !queries.successes.has(root) && !mutations.successes.has(root),
    );
    expect(missed.toSorted()).toEqual(SERVER_ROOTS.toSorted());
    const never = textFields().filter((field) => !queries.reached.has(field) && !mutations.reached.has(field));
    expect(new Set(never.map((field) => field.split(".")[0]))).toEqual(new Set(Object.keys(UNREACHABLE)));
    expect(never).toEqual(textFields().filter((field) => Object.hasOwn(UNREACHABLE, field.split(".")[0] ?? "")));
  },
);

it("a form is refused from another user, who learns nothing", async () => {
  const submits = operations(world, "mutation", (root) => (root === "submitAuthorization" ? textFields() : []));
  for (const asker of askers.filter((asker) => asker !== "member")) {
    for (const { text } of submits.slice(0, 5)) {
      const asked = text.replace("STATE", await world.startForm("member")).replace("KEY", world.typeKey("member"));
      const answer = await world.read("/graphql", toInit(asked, await world.headersOf(asker)));
      expect(answer.text).toMatch(/NOT_FOUND|UNAUTHENTICATED/);
      expect(world.leaks(answer.text)).toBe(false);
    }
  }
});

it("no line of the log holds the group's token", () => {
  expect(world.logged.length).toBeGreaterThan(1_000);
  expect(world.leaks(world.logged.join("\n"))).toBe(false);
});
