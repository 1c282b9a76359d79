/** A holder of tokens, and an adapter for it as an outsider writes it: from what the package exports. */
import {
  accessToken,
  type Connection,
  type Connector,
  createAuthorization,
  notConnected,
  notFound,
  type OpenUpstream,
  type Owner,
  type OwnerConnections,
  ownerOfViewer,
  type UserConnections,
  type Viewer,
} from "../../gateway/index.ts";

interface Token {
  value?: string;
  expiresAt?: Date;
  scopes?: string[];
}

interface Held {
  value: string;
  scopes: string[];
  expiresAt: Date | null;
  connectedAt: Date;
}

/** Holds at most one token of each owner, all of the connector `mail`. */
export interface MailHolder {
  open: OpenUpstream;
  hold(owner: Owner, token?: Token): Promise<void>;
  /** The same, without telling the gateway. */
  holdSilently(owner: Owner, token?: Token): void;
  isClosed(): boolean;
}

export function createMailHolder(): MailHolder {
  const held = new Map<string, Held>();
  let changed = async (_owner: Owner): Promise<void> => {};
  let isClosed = false;
  let grants = 0;

  function holdSilently(owner: Owner, { value = "the-token", expiresAt, scopes = [] }: Token = {}): void {
    grants += 1;
    held.set(keyOf(owner), { value, scopes, expiresAt: expiresAt ?? null, connectedAt: new Date(grants) });
  }

  return {
    open(runtime) {
      ({ changed } = runtime);
      const connector = createMail(runtime.connectorUrl("mail"));
      const connectionsOf = (owner: Owner) => createConnections(connector, owner, () => held.get(keyOf(owner)));
      return {
        listConnectors: async () => [connector],
        connectionsOf,
        forUser: (viewer) => createUserConnections(connectionsOf, viewer),
        async close() {
          isClosed = true;
        },
      };
    },
    async hold(owner, token) {
      holdSilently(owner, token);
      await changed(owner);
    },
    holdSilently,
    isClosed: () => isClosed,
  };
}

const keyOf = ({ kind, id }: Owner): string => `${kind} ${id}`;

const createMail = (connectorUrl: string): Connector => ({
  slug: "mail",
  name: "Mail",
  shortDescription: null,
  description: null,
  markUrl: null,
  supportsMultipleConnections: false,
  connectorUrl,
});

function createConnections(connector: Connector, owner: Owner, findHeld: () => Held | undefined): OwnerConnections {
  const toConnection = ({ connectedAt, scopes }: Held): Connection => {
    const id = `connection of ${keyOf(owner)}`;
    const authorization = createAuthorization({
      id: "grant",
      connectionId: id,
      status: "active",
      displayLabel: "ada@mail.example",
      connectedAt,
      scopes,
    });
    return { id, owner, enabled: true, connector, authorization, createdAt: null, updatedAt: null };
  };
  const list = async (slug: string | null) =>
    [findHeld() ?? []]
      .flat()
      .filter(() => slug === null || slug === "mail")
      .map(toConnection);
  return {
    list,
    find: async ({ slug, id }) => (await list(slug ?? null)).find((connection) => slug !== undefined || connection.id === id) ?? null,
    async accessToken() {
      const held = findHeld();
      return held
        ? accessToken(toConnection(held), { value: held.value, expiresAt: held.expiresAt })
        : notConnected("Mail", connector.connectorUrl);
    },
  };
}

const createUserConnections = (connectionsOf: (owner: Owner) => OwnerConnections, viewer: Viewer): UserConnections => ({
  ...connectionsOf(ownerOfViewer(viewer)),
  disconnect: () => Promise.reject(notFound("There is no connection to disconnect.")),
  connectPage: ({ slug }, { returnTo, scopes = [], loginHint }) =>
    `https://app.acme.example/connect/${slug}?${new URLSearchParams({
      back: returnTo ?? "",
      ...(scopes.length > 0 && { scopes: scopes.join(" ") }),
      ...(loginHint !== undefined && { hint: loginHint }),
    })}`,
});
