import { z } from "zod";
import { safeParseJson } from "../runtime/json.ts";
import { SealError } from "../store/sealing.ts";
import { type AuditEvent, keyIdOf, type RequestOrigin, userIdOf } from "./audit-event.ts";
import type { Person } from "./persons.ts";

const originSchema = z.object({ address: z.string().nullable(), agent: z.string().nullable() });

/** What a row holds beside its columns. */
const factsSchema = z.object({
  by: z.enum(["user", "platform", "operator", "gateway"]),
  key: z.string().optional(),
  session: z.string().optional(),
  group: z.string().optional(),
  connector: z.string().optional(),
  outcome: z.string(),
  fingerprint: z.string().optional(),
  purpose: z.string().optional(),
  request: z.string().optional(),
  /** Address and agent: of a person sealed under the person's key, of a server in clear. */
  from: z.union([z.string(), originSchema]).optional(),
  details: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
});

export type AuditFacts = z.output<typeof factsSchema>;

/** The text of the facts of an event. @param person who acts, where that is a user. */
export function serializeFacts({ actor, owner, from, ...event }: AuditEvent, person: Person | null): string {
  const facts: AuditFacts = {
    by: actor.kind,
    ...(keyIdOf(actor) !== null && { key: keyIdOf(actor) ?? "" }),
    ...(actor.kind === "user" && actor.sessionId !== null && { session: actor.sessionId }),
    ...(owner?.kind === "group" && { group: owner.id }),
    ...(event.connector && { connector: event.connector }),
    outcome: event.outcome ?? "done",
    ...(event.fingerprint && { fingerprint: event.fingerprint }),
    ...(event.purpose && { purpose: event.purpose }),
    ...(from?.requestId && { request: from.requestId }),
    ...originOf(userIdOf(actor) !== null || actor.kind === "user", from, person),
    ...(event.details && { details: { ...event.details } }),
  };
  return JSON.stringify(facts);
}

/** A person's is left out where there is no key to seal it with. */
function originOf(isPerson: boolean, from: RequestOrigin | null | undefined, person: Person | null): Pick<AuditFacts, "from"> {
  if (!from || (from.address === null && from.agent === null)) return {};
  const origin = { address: from.address, agent: from.agent };
  if (!isPerson) return { from: origin };
  return person?.sealer ? { from: person.sealer.seal(JSON.stringify(origin), person.pseudonym) } : {};
}

/** Of a row that no gateway has written: it must not hide the others of its page. `audit verify` names it. */
const unreadable: AuditFacts = { by: "gateway", outcome: "unreadable" };

export const parseFacts = (text: string): AuditFacts => factsSchema.safeParse(safeParseJson(text)).data ?? unreadable;

/** Where a request came from. Nulls where that is not known, and once the person is forgotten. */
export function openOrigin({ from }: Pick<AuditFacts, "from">, person: Person | null): z.output<typeof originSchema> {
  const unknown = { address: null, agent: null };
  if (typeof from !== "string") return from ?? unknown;
  if (!person?.sealer) return unknown;
  try {
    return originSchema.parse(JSON.parse(person.sealer.open(from, person.pseudonym)));
  } catch (error) {
    if (error instanceof SealError) return unknown;
    throw error;
  }
}
