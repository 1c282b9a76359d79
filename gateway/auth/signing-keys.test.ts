import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import type { Database } from "../store/database.ts";
import { createSealer, SealError } from "../store/sealing.ts";
import { createStore, hours, minutes, sealer, macs } from "../../test/support/auth.ts";
import { createManualClock, type ManualClock } from "../upstream-suite/manual-clock.ts";
import { createSigningKeys } from "./signing-keys.ts";

const start = (database: Database, clock: ManualClock, by = sealer) =>
  createSigningKeys({ database, sealer: by, macs, clock, longestTokenSeconds: 3_600 });

const setUp = async () => {
  const clock = createManualClock();
  return { clock, store: await createStore(clock) };
};

/** A real process that opens the keys and rotates them: SQLite waits by blocking, so that two of them cannot share a thread. */
const startProcess = (url: string) =>
  promisify(execFile)(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", PROGRAM, url], { cwd: import.meta.dirname });

const PROGRAM = `
  import { systemClock as clock } from "../runtime/clock.ts";
  import { openDatabase } from "../store/open.ts";
  import { createRowMacs } from "../store/row-macs.ts";
  import { createSealer } from "../store/sealing.ts";
  import { createSigningKeys } from "./signing-keys.ts";
  const database = await openDatabase(process.argv[1], { clock });
  const ring = [{ id: "shared", secret: Buffer.alloc(32, 7) }];
  const [sealer, macs] = [createSealer(ring), createRowMacs(ring, { error() {} })];
  const keys = await createSigningKeys({ database, sealer, macs, clock, longestTokenSeconds: 3600 });
  await keys.rotate();
  await database.close();
`;

describe("signing keys", () => {
  it("are made at the first start and kept at the next", async () => {
    const { clock, store } = await setUp();
    const first = await (await start(await store.open(), clock)).current();
    const second = await (await start(await store.open(), clock)).current();
    expect(second).toEqual(first);
  });

  it("result in one active key when processes start, and rotate, at once", async () => {
    const { store } = await setUp();
    await Promise.all([startProcess(store.url), startProcess(store.url), startProcess(store.url)]);
    const rows = await (await store.open()).query.selectFrom("signing_keys").selectAll().execute();
    expect(rows.filter(({ retired_at }) => retired_at === null)).toHaveLength(1);
    expect(rows).toHaveLength(4);
  });

  it("are stored sealed, and published without their private half", async () => {
    const { clock, store } = await setUp();
    const database = await store.open();
    const keys = await start(database, clock);
    const { privateJwk } = await keys.current();
    const published = await keys.publicJwks();
    expect(published.keys).toMatchObject([{ kty: "OKP", crv: "Ed25519", alg: "EdDSA", use: "sig" }]);
    expect(published.keys[0]).not.toHaveProperty("d");
    expect(privateJwk.d).toHaveLength(43);
    expect(JSON.stringify(await database.query.selectFrom("signing_keys").selectAll().execute())).not.toContain(privateJwk.d);
  });

  it("refuse to start under another sealing key", async () => {
    const { clock, store } = await setUp();
    await start(await store.open(), clock);
    const stranger = createSealer([{ id: "k2", secret: randomBytes(32) }]);
    await expect(start(await store.open(), clock, stranger)).rejects.toThrow(SealError);
  });

  it("rotate in every process at once; the old one verifies until its last token has expired", async () => {
    const { clock, store } = await setUp();
    const [here, there] = [await start(await store.open(), clock), await start(await store.open(), clock)];
    const old = await here.current();
    await there.rotate();
    const current = await here.current();
    expect(current.id).not.toBe(old.id);
    expect(await here.find(old.id)).not.toBeNull();
    expect((await here.publicJwks()).keys).toHaveLength(2);
    clock.advance(hours(1));
    expect(await here.find(old.id)).not.toBeNull();
    clock.advance(minutes(1));
    expect(await here.find(old.id)).toBeNull();
    expect((await here.publicJwks()).keys).toMatchObject([{ kid: current.id }]);
  });

  it("leave the store at the rotation after their last token has expired", async () => {
    const { clock, store } = await setUp();
    const database = await store.open();
    const keys = await start(database, clock);
    await keys.rotate();
    clock.advance(hours(2));
    await keys.rotate();
    expect(await database.query.selectFrom("signing_keys").select("retired_at").execute()).toHaveLength(2);
  });
});
