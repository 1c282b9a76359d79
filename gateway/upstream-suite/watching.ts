import { describe, expect } from "vitest";
import type { Behaves } from "./capabilities.ts";
import { newConnection, STRANGER, type Suite, TEST } from "./harness.ts";

/** Reads one after the other, as a subscriber does. */
const readerOf = async <Value>(source: Promise<AsyncIterable<Value>>): Promise<AsyncIterator<Value>> =>
  (await source)[Symbol.asyncIterator]();

/** What changes, as it changes. */
export function describeWatching({ unique, newUser, connect }: Suite, behaves: Behaves): void {
  describe("watching", () => {
    behaves("yields an authorization at once, and at each change until it is active", ["connecting"], async () => {
      const user = await newUser();
      const started = await user.connections.start("test", newConnection);
      const reader = await readerOf(user.connections.watchAuthorization(started.authorization?.id ?? ""));
      expect((await reader.next()).value).toMatchObject({ id: started.authorization?.id, status: "awaiting_callback" });
      const [, statuses] = await Promise.all([user.visit(started.authorization?.authorizeUrl ?? null), rest(reader)]);
      expect(statuses.at(-1)).toMatchObject({ status: "active" });
    });

    behaves("follows the reconnect of a working connection", ["connecting"], async () => {
      const user = await newUser();
      await connect(user);
      const again = await user.connections.start("test", newConnection);
      const reader = await readerOf(user.connections.watchAuthorization(again.authorization?.id ?? ""));
      expect((await reader.next()).value).toMatchObject({ status: "awaiting_callback" });
      await user.visit(again.authorization?.authorizeUrl ?? null);
      expect((await rest(reader)).at(-1)).toMatchObject({ id: again.authorization?.id, status: "active" });
    });

    behaves("is refused with NOT_FOUND for an authorization that is unknown or another user's", ["connecting"], async () => {
      const theirs = await (await newUser()).connections.start("test", newConnection);
      const user = await newUser();
      for (const id of [STRANGER, theirs.authorization?.id ?? ""])
        await expect(user.connections.watchAuthorization(id)).rejects.toMatchObject({ code: "NOT_FOUND" });
    });

    behaves("yields a connection at each change, and ends when the reader does", [], async () => {
      const user = await newUser();
      const connection = await connect(user);
      const reader = await readerOf(user.connections.watch("test"));
      await connect(user);
      expect((await reader.next()).value).toMatchObject({ id: connection.id, enabled: true });
      expect(await reader.return?.()).toMatchObject({ done: true });
    });

    behaves("yields a connection once it is disabled", ["listsDisabled"], async () => {
      const user = await newUser();
      const connection = await connect(user);
      const reader = await readerOf(user.connections.watch("test"));
      await user.connections.disconnect(TEST);
      expect(await readUntil(reader, ({ enabled }) => !enabled)).toMatchObject({ id: connection.id });
      await reader.return?.();
    });

    behaves("shows a member what another member connects", [], async () => {
      const group = unique("group");
      const [ada, ben] = [await newUser(group), await newUser(group)];
      const reader = await readerOf(ben.connections.watch(null));
      await connect(ada);
      expect((await reader.next()).value).toMatchObject({ owner: { kind: "group", id: group } });
      await reader.return?.();
    });
  });
}

async function rest<Value>(reader: AsyncIterator<Value>): Promise<Value[]> {
  const values: Value[] = [];
  for (let next = await reader.next(); !next.done; next = await reader.next()) values.push(next.value);
  return values;
}

async function readUntil<Value>(reader: AsyncIterator<Value>, isWanted: (value: Value) => boolean): Promise<Value | undefined> {
  for (let next = await reader.next(); !next.done; next = await reader.next()) if (isWanted(next.value)) return next.value;
  return undefined;
}
