import { once } from "node:events";
import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { createManualClock } from "../upstream-suite/manual-clock.ts";
import { createEmptyDatabase, run } from "../../test/support/databases.ts";
import { openDatabase } from "../store/open.ts";
import { explainFailure } from "./explain-error.ts";

const failureOf = (url: string) =>
  openDatabase(url, { clock: createManualClock() }).then(
    () => "opened",
    (error: unknown) => explainFailure(error),
  );

describe("a store that cannot be opened", () => {
  it("is explained with advice, beside the driver's text", async () => {
    const { url, drop } = await createEmptyDatabase("postgres");
    const [password, name, port, tls] = [new URL(url), new URL(url), new URL(url), new URL(url)];
    password.password = "wrong";
    name.pathname = "/no_such_database";
    port.port = "1";
    tls.searchParams.set("sslmode", "require");
    await run(url, "create table users (id text)");
    expect(await failureOf(url)).toContain("search_path");
    expect(await failureOf(password.href)).toContain("check user and password in DATABASE_URL");
    expect(await failureOf(name.href)).toContain("create it, or check its name in DATABASE_URL");
    expect(await failureOf(port.href)).toContain("check host and port in DATABASE_URL");
    expect(await failureOf(tls.href)).toContain("does not offer TLS");
    await drop();
  });

  it("is explained where a file is missing, and where the database is closed", async () => {
    const { url, drop } = await createEmptyDatabase("postgres");
    const [certificate, closed] = [new URL(url), new URL(url)];
    certificate.searchParams.set("sslrootcert", "/no/such/file.pem");
    expect(await failureOf(certificate.href)).toContain("the files that it names");
    expect(await failureOf("postgres:///x?user=u&host=/no/such/folder")).toContain("check DATABASE_URL");
    const server = new URL(url);
    server.pathname = "/template1";
    await run(server.href, `alter database ${closed.pathname.slice(1)} allow_connections false`);
    expect(await failureOf(closed.href)).toContain("allow_connections");
    await drop();
  });

  it("is not named where the gateway cannot listen", async () => {
    const server = createServer();
    const failing = once(server, "error");
    server.listen(0, "192.0.2.1");
    expect(explainFailure((await failing)[0])).toContain("check HOST and PORT");
  });
});
