import pg from "pg";

const CLIENTS = 32;
const ROWS = 100_000;

/** How many transactions that change one row each commit a second, and how many do when each also tells of its change. */
export async function measureCommits(url: string, seconds: number): Promise<{ plain: number; telling: number }> {
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  await admin.query("create table changes (id int primary key, count int not null)");
  await admin.query("insert into changes select id, 0 from generate_series(1, $1::int) as id", [ROWS]);
  const update = "update changes set count = count + 1 where id = $1";
  const plain = await countCommits(url, seconds, update);
  const telling = await countCommits(
    url,
    seconds,
    `with changed as (${update} returning id) select pg_notify('changes', id::text) from changed`,
  );
  await admin.query("drop table changes");
  await admin.end();
  return { plain, telling };
}

async function countCommits(url: string, seconds: number, statement: string): Promise<number> {
  const clients = Array.from({ length: CLIENTS }, () => new pg.Client({ connectionString: url }));
  await Promise.all(clients.map((client) => client.connect()));
  const endsAt = performance.now() + seconds * 1000;
  let commits = 0;
  const write = async (client: pg.Client): Promise<void> => {
    while (performance.now() < endsAt) {
      await client.query(statement, [1 + Math.floor(Math.random() * ROWS)]);
      commits += 1;
    }
  };
  await Promise.all(clients.map(write));
  await Promise.all(clients.map((client) => client.end()));
  return commits / seconds;
}
