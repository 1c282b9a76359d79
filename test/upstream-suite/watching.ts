import { describe, expect } from "vitest";
import { type Behaves, STRANGER, type Suite, TEST } from "./harness.ts";

/** Reads one after the other, as a subscriber does. */
const readerOf = <Value>(source: AsyncIterable<Value>): AsyncIterator<Value> => source[Symbol.asyncIterator]();

/** What changes, as it changes. */
export function describeWatching({ unique, newUser, connect }: Suite, behaves: Behaves): void {
  describe("watching", () => {
    behaves("yields an authorization now, and each time it changes until it is active", async () => {
      const user = await newUser();
      const started = await user.connections.start("test", { id: null, returnTo: null });
      const reader = readerOf(user.connections.watchAuthorization(started.authorization?.id ?? ""));
      expect((await reader.next()).value).toMatchObject({ id: started.authorization?.id, status: "awaiting_callback" });
      const [, statuses] = await Promise.all([user.visit(started.authorization?.authorizeUrl ?? null), rest(reader)]);
      expect(statuses.at(-1)).toMatchObject({ status: "active" });
    });

    behaves("follows a reconnect of a working connection, too", async () => {
      const user = await newUser();
      await connect(user);
      const again = await user.connections.start("test", { id: null, returnTo: null });
      const reader = readerOf(user.connections.watchAuthorization(again.authorization?.id ?? ""));
      expect((await reader.next()).value).toMatchObject({ status: "awaiting_callback" });
      await user.visit(again.authorization?.authorizeUrl ?? null);
      expect((await rest(reader)).at(-1)).toMatchObject({ id: again.authorization?.id, status: "active" });
    });

    behaves("refuses an authorization that is unknown, or somebody else's, with NOT_FOUND", async () => {
      const theirs = await (await newUser()).connections.start("test", { id: null, returnTo: null });
      const user = await newUser();
      for (const id of [STRANGER, theirs.authorization?.id ?? ""])
        await expect(readerOf(user.connections.watchAuthorization(id)).next()).rejects.toMatchObject({ code: "NOT_FOUND" });
    });

    behaves("yields a connection each time it changes, and stops when the reader does", async () => {
      const user = await newUser();
      const connection = await connect(user);
      const reader = readerOf(user.connections.watch("test"));
      expect(await changeUntilSeen(reader, () => connect(user))).toMatchObject({ id: connection.id, enabled: true });
      await user.connections.disconnect(TEST);
      expect(await readUntil(reader, ({ enabled }) => !enabled)).toMatchObject({ id: connection.id });
      expect(await reader.return?.()).toMatchObject({ done: true });
    });

    behaves("lets a member see what another member connects", async () => {
      const group = unique("group");
      const [ada, ben] = [await newUser(group), await newUser(group)];
      const reader = readerOf(ben.connections.watch(null));
      expect(await changeUntilSeen(reader, () => connect(ada))).toMatchObject({ owner: { kind: "group", id: group } });
      await reader.return?.();
    });
  });
}

async function rest<Value>(reader: AsyncIterator<Value>): Promise<Value[]> {
  const values: Value[] = [];
  for (let next = await reader.next(); !next.done; next = await reader.next()) values.push(next.value);
  return values;
}

/** Changes something again and again until the reader, which at first only looks how things stand, yields a change. */
async function changeUntilSeen<Value>(reader: AsyncIterator<Value>, change: () => Promise<unknown>): Promise<Value | undefined> {
  const next = reader.next();
  for (;;) {
    const seen = await Promise.race([next, change().then(() => null)]);
    if (seen) return seen.value;
  }
}

async function readUntil<Value>(reader: AsyncIterator<Value>, isWanted: (value: Value) => boolean): Promise<Value | undefined> {
  for (let next = await reader.next(); !next.done; next = await reader.next()) if (isWanted(next.value)) return next.value;
  return undefined;
}
