import type { Kysely } from "kysely";
import type { ImportResult } from "../../schema/upstream.ts";
import type { Recorder } from "../custody/recorder.ts";
import type { Topic } from "../store/changes.ts";
import type { Database } from "../store/database.ts";
import type { Tables } from "../store/tables.ts";
import { listOthers, lockAccount } from "../vault/account-holders.ts";
import type { Keys } from "../vault/sealed-columns.ts";
import { decide, type Decision } from "./decide.ts";
import { accountKeyOf, type HeldBefore, keyOf, lockOwners, nothingHeld, readHeld } from "./held-before.ts";
import { type ImportedRows, importedRows } from "./imported-rows.ts";
import { type Connectors, type Preparation, prepare, type Prepared } from "./prepare.ts";
import { storeImported } from "./store-imported.ts";

export interface ImportDependencies extends Keys {
  database: Database;
  connectors: Connectors;
  /** Writes what becomes of connections into their history. */
  recorder: Recorder;
}

/** What was decided of one, and what it is stored as. */
interface Planned {
  prepared: Prepared;
  decision: Decision;
  /** Null: nothing is stored. */
  rows: ImportedRows | null;
}

/**
 * Imports some connections in one transaction, so that each is there whole or not at all, and is known as imported. Answers what became of
 * each, in their order.
 */
export async function importBatch(dependencies: ImportDependencies, inputs: readonly unknown[]): Promise<ImportResult[]> {
  const { database, connectors } = dependencies;
  const preparations = inputs.map((input) => prepare(connectors, input));
  const items = preparations.flatMap((preparation) => (preparation.ok ? preparation.prepared : []));
  if (items.length === 0) return describe(preparations, []);
  await database.clock.measure();
  // Known once it is decided what changes.
  const topics: Topic[] = [];
  const planned = await database.write(topics, async (transaction) => {
    await lockOwners(database, transaction, items);
    const held = nothingHeld();
    const plans = await plan(dependencies, transaction, items, held);
    topics.push(...(await storeImported(dependencies, transaction, plans.flatMap(toStore))));
    return plans;
  });
  return describe(preparations, planned);
}

/** Says what would become of some connections, and writes nothing. @param held what the connections before them would have made */
export async function planBatch(
  dependencies: Omit<ImportDependencies, "recorder">,
  inputs: readonly unknown[],
  held: HeldBefore,
): Promise<ImportResult[]> {
  const preparations = inputs.map((input) => prepare(dependencies.connectors, input));
  const items = preparations.flatMap((preparation) => (preparation.ok ? preparation.prepared : []));
  const planned = items.length === 0 ? [] : await plan(dependencies, dependencies.database.query, items, held, false);
  return describe(
    preparations,
    planned.map((each) => ({ ...each, rows: null })),
  );
}

const toStore = ({ prepared, decision, rows }: Planned) => (rows ? [{ prepared, target: decision.target, rows }] : []);

async function plan(
  dependencies: Omit<ImportDependencies, "recorder">,
  query: Kysely<Tables>,
  items: readonly Prepared[],
  held: HeldBefore,
  locks = dependencies.database.kind === "postgres",
): Promise<Planned[]> {
  const { database } = dependencies;
  const now = database.clock.now();
  await readHeld(query, items, held, locks);
  const planned: Planned[] = [];
  for (const prepared of items) {
    const first = decide(held, prepared);
    const decision = first.status === "imported" ? await refuseShared(query, prepared, held, { first, locks }) : first;
    const rows = decision.status === "imported" ? importedRows(dependencies, prepared, decision.target, now) : null;
    if (rows) note(held, prepared, rows);
    planned.push({ prepared, decision, rows });
  }
  return planned;
}

/** A later line sees what this one makes. */
function note(held: HeldBefore, { importId, owner, connector, imported }: Prepared, { connection }: ImportedRows): void {
  const key = keyOf(owner, connector.slug);
  const others = (held.holdings.get(key) ?? []).filter((holding) => holding.connection.id !== connection.id);
  held.imports.set(importId, connection.id);
  held.ids.add(connection.id);
  if (imported.account_id != null) held.accounts.set(accountKeyOf(connector.slug, imported.account_id), key);
  held.holdings.set(key, [...others, { connection, accountId: imported.account_id ?? null, status: "active" }]);
}

/** Where the operator refuses that two owners have one account, an import does not give it to a second one. */
async function refuseShared(
  query: Kysely<Tables>,
  prepared: Prepared,
  held: HeldBefore,
  { first, locks }: { first: Decision; locks: boolean },
): Promise<Decision> {
  const { owner, connector, imported } = prepared;
  if (connector.sharedAccounts !== "refuse") return first;
  const refused = (message: string): Decision => ({ status: "refused", message, target: null, connectionId: null });
  const id = imported.account_id ?? null;
  if (id === null) return refused("account_id: is required, because the connector does not allow one account for two owners.");
  if (locks) await lockAccount(query, connector.slug, id);
  const holder = held.accounts.get(accountKeyOf(connector.slug, id));
  const connection = { owner_kind: owner.kind, owner_id: owner.id, connector_slug: connector.slug };
  const others = await listOthers(query, connection, { id, idPath: null });
  return others.length > 0 || (holder !== undefined && holder !== keyOf(owner, connector.slug))
    ? refused("account_id: another owner has connected this account, and the connector does not allow one account for two owners.")
    : first;
}

/** In the order of the inputs. `planned` has those that could be read. */
function describe(preparations: readonly Preparation[], planned: readonly Planned[]): ImportResult[] {
  const left = [...planned].toReversed();
  return preparations.map((preparation) => {
    const found = preparation.ok ? left.pop() : undefined;
    if (found) return describePlanned(found);
    const messages = preparation.ok ? [] : preparation.problems;
    return { status: "refused", importId: null, owner: null, connector: null, connectionId: null, messages };
  });
}

function describePlanned({ prepared: { importId, owner, connector }, decision, rows }: Planned): ImportResult {
  const { status, message } = decision;
  const connectionId = rows?.connection.id ?? decision.connectionId;
  return { status, importId, owner, connector: connector.slug, connectionId, messages: message === null ? [] : [message] };
}
