import { GatewayError, pathOfIssue } from "../../schema/errors.ts";
import { sayIssue } from "../../schema/issue-words.ts";
import type { Owner } from "../../schema/upstream.ts";
import type { StatedValues } from "../oauth/stated-values.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import { parseCollected } from "../vault/collected.ts";
import { keyFieldOf } from "../vault/credential.ts";
import { type ImportedConnection, importedConnectionSchema, importIdOf, ownerOfImported } from "./imported-connection.ts";

export type Connectors = ReadonlyMap<string, ConnectorConfig>;

/** One connection that may be imported, beside what the configuration knows of it. */
export interface Prepared {
  importId: string;
  owner: Owner;
  connector: ConnectorConfig;
  imported: ImportedConnection;
  /** What the user typed, as the connector takes it. */
  fields: Record<string, string>;
  stated: StatedValues;
}

export type Preparation = { ok: true; prepared: Prepared } | { ok: false; problems: string[] };

const refuse = (...problems: string[]): Preparation => ({ ok: false, problems });

/** What becomes of outside data: a connection that may be imported, or one sentence for each of its problems. None of them holds a value. */
export function prepare(connectors: Connectors, data: unknown): Preparation {
  const parsed = importedConnectionSchema.safeParse(data, { error: sayIssue });
  if (!parsed.success) return refuse(...parsed.error.issues.map((issue) => sentence(pathOfIssue(issue), issue.message)));
  const imported = parsed.data;
  const connector = connectors.get(imported.connector);
  if (!connector) return refuse(`connector: the configuration has no connector "${imported.connector}".`);
  const problems = [...kindProblems(connector, imported), ...clientProblems(connector, imported)];
  const fields = readFields(connector, imported);
  const stated = readStated(connector, imported);
  if (fields.problem !== null) problems.push(fields.problem);
  problems.push(...stated.problems);
  if (problems.length > 0) return refuse(...problems);
  const prepared = { importId: importIdOf(imported), owner: ownerOfImported(imported), connector, imported };
  return { ok: true, prepared: { ...prepared, fields: fields.values, stated: stated.values } };
}

const sentence = (path: string, message: string): string => `${path === "" ? "The connection" : path}: ${message}.`;

/** An OAuth connector takes an access token, of a kind that it has. Others take none of what goes with it. */
function kindProblems({ name, oauth, tokenKinds }: ConnectorConfig, imported: ImportedConnection): string[] {
  if (!oauth)
    return (["refresh_token", "token_kind", "further"] as const).flatMap((key) =>
      imported[key] == null ? [] : [`${key}: ${name} does not use OAuth: leave it out.`],
    );
  const grants = [["", imported] as const, ...(imported.further ?? []).map((further, index) => [`further.${index}.`, further] as const)];
  const known = tokenKinds.flatMap(({ kind }) => kind ?? []);
  const kinds = grants.map(([, { token_kind: kind }]) => kind ?? tokenKinds[0].kind);
  return [
    ...grants.flatMap(([path, { access_token: token }]) =>
      token == null ? [`${path}access_token: is required, because ${name} uses OAuth.`] : [],
    ),
    ...grants.flatMap(([path, { token_kind: kind }]) =>
      kind == null || known.includes(kind)
        ? []
        : [
            `${path}token_kind: ${name} has ${known.length > 0 ? `tokens of these kinds: ${known.join(", ")}` : "one kind of token: leave it out"}.`,
          ],
    ),
    ...(new Set(kinds).size < kinds.length ? ["further: must have each kind of token only once."] : []),
  ];
}

/** No other client can refresh or revoke what one client was given. */
function clientProblems({ name, oauth }: ConnectorConfig, { client_id: id }: ImportedConnection): string[] {
  if (!oauth || id == null || [oauth.client, ...oauth.previousClients].some(({ clientId }) => clientId === id)) return [];
  return [
    `client_id: ${name} is configured with another client, and a token can be refreshed only by the client that it was given to. Add that client to previous_clients.`,
  ];
}

function readFields(connector: ConnectorConfig, imported: ImportedConnection): { values: Record<string, string>; problem: string | null } {
  const { access_token: token, fields = null } = imported;
  const given = Object.entries({ ...(!connector.oauth && token != null && { [keyFieldOf(connector)]: token }), ...fields });
  // What an OAuth connector collects may be in the tokens' own facts.
  if (connector.oauth && given.length === 0 && !connector.collect) return { values: {}, problem: null };
  try {
    const values = parseCollected(
      connector,
      given.map(([name, value]) => ({ name, value })),
    );
    return { values, problem: null };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return { values: {}, problem: `fields: ${error.message}` };
  }
}

function readStated({ name, metadata, protocol }: ConnectorConfig, imported: ImportedConnection) {
  const kept = protocol?.keptSources ?? [];
  const named = Object.entries(imported.metadata ?? {});
  const bySource = Object.entries(imported.stated ?? {});
  const problems = [
    ...named.flatMap(([key]) => (Object.hasOwn(metadata, key) ? [] : [`metadata.${key}: ${name} does not have this metadata.`])),
    ...bySource.flatMap(([source]) => (kept.includes(source) ? [] : [`stated.${source}: ${name} does not store this value.`])),
  ];
  // What is shown of a field is read from the field.
  const values = named.flatMap(([key, value]) => {
    const source = metadata[key] ?? "";
    return kept.includes(source) ? [[source, value] as const] : [];
  });
  return { values: Object.fromEntries([...values, ...bySource]), problems };
}
