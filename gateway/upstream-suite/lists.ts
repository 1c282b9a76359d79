import { describe, expect } from "vitest";
import type { ConnectionFilter, Page, PageRequest } from "../../schema/upstream.ts";
import type { Behaves } from "./capabilities.ts";
import type { Suite, UpstreamHarness } from "./harness.ts";

/** A whole list, in pages of two. */
async function walk<Item>(list: ((page: PageRequest) => Promise<Page<Item>>) | undefined): Promise<Item[]> {
  if (!list) throw new TypeError("An upstream without the list says that it lacks it.");
  const items: Item[] = [];
  for (let after: string | null = null, isLast = false; !isLast;) {
    const page = await list({ first: 2, after });
    items.push(...page.items.map(({ item }) => item));
    [after, isLast] = [page.next, page.next === null];
  }
  return items;
}

const connectionsWith = ({ platform }: UpstreamHarness, filter: ConnectionFilter) => {
  const list = platform.listConnections;
  return walk(list && ((page) => list(filter, page)));
};

/** What servers read of all owners. */
export function describeLists({ harness, unique, newUser, connect }: Suite, behaves: Behaves): void {
  describe("a server that lists all", () => {
    behaves("gets every user and every group once, page by page", ["listsOwners"], async () => {
      const { platform } = harness();
      const [group, other] = [unique("group"), unique("group")];
      const users = [await newUser(group), await newUser(other), await newUser(other)];
      const listed = await walk(platform.listUsers);
      const ids = listed.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      for (const { viewer } of users) expect(listed).toContainEqual(await platform.findUser(viewer.userId));
      const groups = (await walk(platform.listGroups)).map(({ id }) => id);
      expect(groups.filter((id) => id === group || id === other).toSorted()).toEqual([group, other].toSorted());
    });

    behaves("counts what a list has, when it is asked to", ["listsOwners"], async () => {
      const { platform } = harness();
      await newUser();
      const page = await platform.listUsers?.({ first: 1, after: null });
      expect(await page?.count()).toBe((await walk(platform.listUsers)).length);
    });

    behaves("gets every connection once, as its owner's list has it", ["listsConnections"], async () => {
      const { platform } = harness();
      const user = await newUser();
      const own = await connect(user);
      const group = unique("group");
      const shared = await connect(await newUser(group));
      const listed = await connectionsWith(harness(), {});
      const ids = listed.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      for (const { id, owner } of [own, shared])
        expect(listed.find((each) => each.id === id)).toEqual(await platform.connectionsOf(owner).find({ id }));
    });

    behaves("gets those of an owner, of a connector, and those changed since an instant", ["listsConnections"], async () => {
      const user = await newUser();
      const connection = await connect(user);
      const idsWith = async (filter: ConnectionFilter) => (await connectionsWith(harness(), filter)).map(({ id }) => id);
      expect(await idsWith({ owner: connection.owner })).toEqual([connection.id]);
      expect(await idsWith({ owner: connection.owner, connector: "single" })).toEqual([]);
      expect(await idsWith({ connector: "test" })).toContain(connection.id);
      expect(await idsWith({ owner: connection.owner, health: "working" })).toEqual([connection.id]);
      expect(await idsWith({ owner: connection.owner, health: "unavailable" })).toEqual([]);
      const changedAt = connection.updatedAt?.getTime() ?? 0;
      expect(await idsWith({ owner: connection.owner, updatedSince: new Date(changedAt) })).toEqual([connection.id]);
      expect(await idsWith({ owner: connection.owner, updatedSince: new Date(changedAt + 1) })).toEqual([]);
    });

    behaves("gets BAD_USER_INPUT for the cursor of another list", ["listsOwners"], async () => {
      await newUser(unique("group"));
      const { platform } = harness();
      const page = await platform.listGroups?.({ first: 1, after: null });
      const after = page?.items[0]?.cursor ?? "";
      await expect(platform.listUsers?.({ first: 1, after })).rejects.toMatchObject({ code: "BAD_USER_INPUT", facts: { path: "after" } });
    });
  });
}
