import pg from "pg";
import { expect, it } from "vitest";
import { createTestDatabase, run } from "./databases.ts";

const lend = () => createTestDatabase("postgres");

async function rowsOf(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query(statement);
  await client.end();
  return rows;
}

it("a database that is given back serves again with the rows of its migrations alone, after the end of each connection to it", async () => {
  const first = await lend();
  const rows = async (url: string) => [
    await rowsOf(url, "select * from migrations order by name"),
    await rowsOf(url, "select * from counters order by name"),
    await rowsOf(url, "select * from audit_heads"),
  ];
  const before = await rows(first.url);
  expect(before[0]).not.toEqual([]);
  await run(first.url, "insert into audit_heads (writer, sequence, digest, mac) values ('w', 1, 'd', 'm')");
  await run(first.url, "update counters set last = 7");
  const left = new pg.Client({ connectionString: first.url });
  left.on("error", () => {});
  await left.connect();
  const ended = new Promise((resolve) => left.once("end", resolve));
  await first.drop();
  await ended;
  const second = await lend();
  expect(second.url).toBe(first.url);
  expect(await rows(second.url)).toEqual(before);
  await second.drop();
});

it.each([
  "alter table audit_heads rename to audit_heads_away",
  "alter table audit_heads add column more text",
  "alter table audit_heads alter column digest set default 'x'",
  "alter table audit_heads add check (sequence > 0)",
  "create index further on audit_heads (digest)",
  "create table further (id text)",
  "create schema further",
  "create function further() returns int language sql as 'select 1'",
  "revoke all on audit_heads from postgres",
  "analyze audit_heads",
  "do $$ begin execute format('alter database %I set default_transaction_read_only = on', current_database()); end $$",
  "do $$ begin execute format('alter database %I connection limit 7', current_database()); end $$",
  "insert into audit_heads select i::text, i, repeat('d', 1000), 'm' from generate_series(1, 2000) i",
])("a database serves no other test after: %s", async (statement) => {
  const first = await lend();
  await run(first.url, statement);
  await first.drop();
  await expect(run(first.url, "select 1")).rejects.toThrow("does not exist");
});
