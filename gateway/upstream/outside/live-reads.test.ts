import { expect, it } from "vitest";
import { createManualClock } from "../../upstream-suite/manual-clock.ts";
import { plainConnector } from "../../../test/support/scripted-xkit.ts";
import type { Connection, Viewer } from "../../index.ts";
import { createLiveReads } from "./live-reads.ts";

const connection = {
  id: "1",
  owner: { kind: "user", id: "ada" },
  enabled: true,
  connector: {
    ...plainConnector,
    shortDescription: null,
    description: null,
    markUrl: null,
    supportsMultipleConnections: false,
    connectorUrl: "",
  },
  authorization: null,
  createdAt: null,
  updatedAt: null,
} satisfies Connection;

const viewerOf = (userId: string, groupId: string | null = null): Viewer => ({ userId, groupId, name: null });

/** An adapter that is watched, and what it was asked. */
function start() {
  const clock = createManualClock();
  const asked: string[] = [];
  const liveReadsOf = createLiveReads(clock);
  const watch = (viewer: Viewer) =>
    liveReadsOf(viewer, {
      async list(slug) {
        asked.push(`${viewer.userId} ${slug}`);
        return [connection];
      },
      async findAuthorization(id) {
        asked.push(`${viewer.userId} ${id}`);
        return null;
      },
    });
  return { clock, asked, watch };
}

it("reads an adapter once for all open subscriptions of a user, at the same moment", async () => {
  const { clock, asked, watch } = start();
  const watching = Array.from({ length: 20 }, () => watch(viewerOf("ada")));
  const slugs = [null, "slack", "other"];
  const readAll = () => Promise.all(watching.map(({ list }, index) => list(slugs[index % 3] ?? null)));
  expect(await readAll()).toEqual(watching.map((_, index) => (index % 3 === 2 ? [] : [connection])));
  const polls = watching.map(async ({ poll, list }) => {
    await poll();
    return list(null);
  });
  clock.advance(2_000);
  await Promise.all(polls);
  expect(asked).toEqual(["ada null", "ada null"]);
});

it("reads each authorization once", async () => {
  const { asked, watch } = start();
  const [one, other] = [watch(viewerOf("ada")), watch(viewerOf("ada"))];
  await Promise.all([one.findAuthorization("1"), other.findAuthorization("1"), other.findAuthorization("2")]);
  expect(asked.toSorted()).toEqual(["ada 1", "ada 2"]);
});

it("reads for each member of a group what that member sees", async () => {
  const { asked, watch } = start();
  await Promise.all([viewerOf("ada", "acme"), viewerOf("ben", "acme"), viewerOf("ada")].map((viewer) => watch(viewer).list(null)));
  expect(asked.toSorted()).toEqual(["ada null", "ada null", "ben null"]);
});
