import { expect, it } from "vitest";
import type { Issuer } from "../config/token-issuers.ts";
import { openStore, startAuth, startIssuer } from "../../test/support/auth.ts";
import { createManualClock } from "../upstream-suite/manual-clock.ts";
import { warnOfSharedIds } from "./id-sources.ts";

const [first, second] = ["https://one.example.com/", "https://two.example.com/"];

it.each<[string, [issuer: string, userIdPrefix: string | null][], boolean, string[][]]>([
  [
    "two issuers without a prefix",
    [
      [first, null],
      [second, null],
    ],
    false,
    [[first, second]],
  ],
  ["an issuer without one beside the platform's servers", [[first, null]], true, [[first, "provisionUser"]]],
  ["an issuer without one alone", [[first, null]], false, []],
  [
    "two entries of one issuer",
    [
      [first, null],
      [first, null],
    ],
    false,
    [],
  ],
  [
    "one that says that none is meant",
    [
      [first, ""],
      [second, "two:"],
    ],
    true,
    [],
  ],
])("the start warns of sources of ids that share a namespace: %s", async (_name, entries, hasKey, expected) => {
  const clock = createManualClock();
  const { config } = await startIssuer();
  const issuers = entries.map(([issuer, userIdPrefix]): Issuer => ({ ...config, issuer, userIdPrefix }));
  const auth = await startAuth(await openStore(clock), clock);
  if (hasKey) await auth.apiKeys.create(null);
  const warned: unknown[] = [];
  await warnOfSharedIds(issuers, auth.apiKeys, { warn: (facts: { sources?: unknown }) => void warned.push(facts.sources) });
  expect(warned).toEqual(expected);
});

it.each<[string, string | null, boolean, string[][]]>([
  ["an issuer that names none beside the platform's servers", null, true, [[first, "provisionUser"]]],
  ["one alone", null, false, []],
  ["one that says that none is meant", "", true, []],
  ["one with its own", "one:", true, []],
])("the start warns of sources of group ids that share a namespace: %s", async (_name, groupIdPrefix, hasKey, expected) => {
  const clock = createManualClock();
  const { config } = await startIssuer();
  const issuer: Issuer = { ...config, issuer: first, userIdPrefix: "one:", groupIdClaim: "org", groupIdPrefix };
  const auth = await startAuth(await openStore(clock), clock);
  if (hasKey) await auth.apiKeys.create(null);
  const warned: unknown[] = [];
  await warnOfSharedIds([issuer], auth.apiKeys, { warn: (facts: { sources?: unknown }) => void warned.push(facts.sources) });
  expect(warned).toEqual(expected);
});
