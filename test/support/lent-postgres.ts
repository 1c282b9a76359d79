import pg from "pg";
import { z } from "zod";

/** How often one is lent: what was deleted in it stays on its pages. */
const MAXIMUM_LOANS = 50;
/** How long the end of a connection to it may take. */
const END_WAIT_MS = 2_000;
/** How many bytes the rows of a test may leave behind: more would change how Postgres means to run a statement. */
const MAXIMUM_GROWTH_BYTES = 1_000_000;

interface Copy {
  url: string;
  drop(): Promise<void>;
}

interface Lent {
  database: Copy;
  /** What it was like when it was made. */
  state: State;
  /** The rows that it had then, as JSON, by the table: those that migrations make. */
  rows: ReadonlyMap<string, string>;
  loans: number;
}

/** Copies that tests of this worker have given back as they were. */
const idle: Lent[] = [];

const stateSchema = z.object({ schema: z.string(), bytes: z.coerce.number() });
const tablesSchema = z.array(z.object({ relname: z.string() }));
const rowsSchema = z.tuple([z.object({ json: z.string().nullable() })]);
const copiesSchema = z.array(z.object({ datname: z.string() }));
type State = z.output<typeof stateSchema>;

/** Ours, not of Postgres. */
const OURS = "relnamespace in (select oid from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema')";
/** A change of a row of the catalogs makes another version of it, by another transaction; what is analyzed of a table is changed in its place. */
const CATALOGS = ["pg_attribute", "pg_attrdef", "pg_index", "pg_constraint", "pg_trigger", "pg_namespace", "pg_proc", "pg_db_role_setting"];
const STATE = `select md5(concat_ws('|',
    (select string_agg(pg_class::text, ';' order by oid) from pg_class where ${OURS}),
    ${CATALOGS.map((catalog) => `(select concat_ws(' ', count(*), sum(xmin::text::bigint)) from ${catalog})`).join(", ")},
    d.datdba, d.datallowconn, d.datconnlimit, d.datacl)) as schema,
    pg_database_size(d.oid) as bytes
  from pg_database d where datname = current_database()`;
/** Of every connection but this one. */
const END_OTHERS = `select pg_terminate_backend(pid, ${END_WAIT_MS}) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`;
const TABLES_WITH_ROWS = `select relname from pg_class where relkind = 'r' and ${OURS} and pg_relation_size(oid) > 0`;
const EMPTY = `do $$ declare name text; begin
  set local session_replication_role = replica;
  for name in select relname from pg_class where relkind = 'r' and ${OURS} and pg_relation_size(oid) > 0 loop
    execute format('delete from %I', name);
  end loop;
end $$`;

/**
 * A copy of a database that has its tables and no rows, for one test. Given back it serves another test, where no property of it was changed:
 * to make and to drop a copy takes longer than most tests.
 */
export async function lendPostgres(createCopy: () => Promise<Copy>): Promise<Copy> {
  const lent = idle.pop() ?? (await make(createCopy));
  // A test may close twice: given back twice, it would be lent to two.
  let givenBack: Promise<void> | undefined;
  return { url: lent.database.url, drop: () => (givenBack ??= giveBack(lent)) };
}

async function make(createCopy: () => Promise<Copy>): Promise<Lent> {
  const database = await createCopy();
  return within(database.url, async (client) => ({ database, state: await readState(client), rows: await readRows(client), loans: 0 }));
}

async function giveBack(lent: Lent): Promise<void> {
  lent.loans += 1;
  const isClean = lent.loans < MAXIMUM_LOANS && (await within(lent.database.url, (client) => clean(client, lent)).catch(() => false));
  if (isClean) idle.push(lent);
  else await lent.database.drop();
}

/** Puts its rows back. Answers whether it is as it was. */
async function clean(client: pg.Client, { state, rows }: Lent): Promise<boolean> {
  await client.query(END_OTHERS);
  const { schema, bytes } = await readState(client);
  if (schema !== state.schema || bytes > state.bytes + MAXIMUM_GROWTH_BYTES) return false;
  await client.query(EMPTY);
  for (const [table, json] of rows)
    await client.query(`insert into ${table} select * from json_populate_recordset(null::${table}, $1)`, [json]);
  return true;
}

async function readRows(client: pg.Client): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const { relname } of tablesSchema.parse((await client.query(TABLES_WITH_ROWS)).rows)) {
    const { rows } = await client.query(`select json_agg(t)::text as json from ${relname} t`);
    const [{ json }] = rowsSchema.parse(rows);
    if (json !== null) found.set(relname, json);
  }
  return found;
}

async function readState(client: pg.Client): Promise<State> {
  return stateSchema.parse((await client.query(STATE)).rows[0]);
}

async function within<Result>(url: string, statements: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await statements(client);
  } finally {
    await client.end();
  }
}

/** Drops the copies of a database that are left at the end of the run. */
export async function dropCopies(serverUrl: string, original: string): Promise<void> {
  await within(serverUrl, async (client) => {
    const { rows } = await client.query("select datname from pg_database where starts_with(datname, $1)", [`${original}_`]);
    for (const { datname } of copiesSchema.parse(rows)) await client.query(`drop database ${datname} with (force)`);
  });
}
