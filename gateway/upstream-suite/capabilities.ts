import { it } from "vitest";

/** What a behaviour may need that not every upstream, or not every harness, has. */
export const capabilities = {
  movedClock: "the harness moves the time of all that is behind the adapter",
  scriptedProvider: "the harness says what the provider answers",
  connecting: "users connect through the port",
  directory: "users and groups can be looked up, and keep what is not stated again",
  listsOwners: "all users and all groups are listed",
  listsConnections: "the connections of all owners are listed",
  severalConnections: "an owner has several connections of one connector",
  listsDisabled: "lists have connections that are not enabled",
  keepsDisconnected: "a connection that was disconnected is found by its id",
  keepsFailed: "an attempt that failed is kept, for who made it",
  endsWithMembership: "what a member has started for a group ends with the membership",
  collects: "what a connector asks of the user is handed in through the port",
  deviceCodes: "a user is told the code to enter at the provider, and connects by it",
  revokes: "disconnecting revokes the grant at the provider",
  describesGrants: "a connection names the scopes and the end of its grant",
  namesAccount: "a connection names its account at the provider",
  statesScopes: "the scopes of a grant are stated",
  grantLife: "the end of a grant is stated",
  asksScopes: "a token can be asked for by its scopes",
  startsScopes: "connecting can be asked for further scopes, among those that the platform allows",
  kinds: "a connection of `single` has a token of the kind `user` beside its default one, of the kind `main`",
  statesLife: "the life of a token is stated",
  minimumLife: "a token can be asked for by the life it must have left",
  rejected: "a token can be named that the third party refused",
  health: "it is stated how the last refresh went",
  ended: "a grant that the provider has ended is told from a provider that is away",
  misconfigured: "a provider that refuses the platform's credentials is told from one that is away",
  connectedBy: "it is stated who connected, and when",
  marksSecretFields: "a field that is a secret is marked",
  describesFields: "it is stated what can be chosen for a field, what it is filled in with, and whether it may stay empty",
  metadata: "a connection has what its provider tells of the account",
  apiAccess: "a token says where the provider's API is, and by which header it is sent",
  connectionActions: "a server changes the connection of any owner by its id",
  userActions: "a server moves a user to another group, and ends their sessions",
  deletesUsers: "a server deletes a user with all that is held of them",
  importing: "a server imports connections of another system",
  credentialKinds: "a server is told what kind of token it is, and gets all fields",
} as const satisfies Record<string, string>;

export type Capability = keyof typeof capabilities;

/** Why an adapter, or the harness around it, does not have a capability. */
export type Lacks = Readonly<Partial<Record<Capability, string>>>;

/** Refuses, as a type, a name that is no capability and a lack without a reason. */
export type Reasons<Given> = { [Name in keyof Given]: Name extends Capability ? Reason<Given[Name]> : never };
type Reason<Given> = Given extends string ? (Given extends "" ? never : Given) : never;

/** Throws `TypeError` for a name that is no capability, and for a lack without a reason: a test would be skipped silently. */
export function assertReasons(lacks: Lacks): void {
  for (const [name, reason] of Object.entries(lacks)) {
    if (!Object.hasOwn(capabilities, name))
      throw new TypeError(`"${name}" is not a capability. There are: ${Object.keys(capabilities).join(", ")}.`);
    if (typeof reason !== "string" || reason.trim() === "") throw new TypeError(`Say in words why "${name}" is lacking.`);
  }
}

/** States a behaviour, and what it needs. */
export type Behaves = (title: string, needs: readonly Capability[], check: () => Promise<void>) => void;

/** A behaviour that needs what is lacking is skipped, and its title says why. */
export const createBehaves =
  (lacks: Lacks): Behaves =>
  (title, needs, check) => {
    const missing = needs.flatMap((need) => (lacks[need] === undefined ? [] : [`${need}: ${lacks[need]}`]));
    const isLacking = missing.length > 0;
    // Title and assertions are the caller's.
    // oxlint-disable-next-line vitest/valid-title, vitest/expect-expect
    it.skipIf(isLacking)(isLacking ? `${title} (not here, ${missing.join("; ")})` : title, check);
  };
