import { readFileSync } from "node:fs";
import { z } from "zod";

const body = z.record(z.string(), z.unknown()).nullable().default(null);
const texts = z.record(z.string(), z.string()).default({});

const requestSchema = z.object({
  method: z.string(),
  url: z.string(),
  headers: texts,
  /** Of a form, JSON or query, parsed. Members that the documentation does not name may be sent as well. */
  body,
  query: body,
});
const answerSchema = z.object({ status: z.int(), headers: texts, body: z.unknown().optional() });
const exchangeSchema = z.object({ request: requestSchema, answer: answerSchema });

/** What a provider's documentation shows of one connection, with made-up values. `<name>` stands for any value. */
const fixtureSchema = z.object({
  slug: z.string(),
  /** The pages on which it was read. */
  source: z.array(z.string()).min(1),
  /** What the user or the operator fills in. */
  fields: z.record(z.string(), z.string()),
  authorize: z.object({ params: z.record(z.string(), z.unknown()) }).nullable(),
  /** The request for a code that the user enters at the provider. Its `device_code` is in the exchange. */
  device: exchangeSchema.optional(),
  /** The callback's parameters beside `code` and `state`. */
  callback: z.record(z.string(), z.string()),
  /** A callback of the documentation, signed with a secret that is given there. */
  signed_callback: z.object({ query: z.string(), secret: z.string() }).optional(),
  exchange: exchangeSchema.nullable(),
  /** The exchange of the first access token for one that lasts longer. */
  upgrade: exchangeSchema.optional(),
  refresh: exchangeSchema.nullable(),
  /** A refresh with fewer scopes than are granted, where that gives a narrower token. */
  narrowed: exchangeSchema.optional(),
  /** The refresh of each further kind of token, by its kind. */
  refresh_further: z.record(z.string(), exchangeSchema).default({}),
  userinfo: z.array(exchangeSchema),
  check: exchangeSchema.optional(),
  revoke: exchangeSchema.nullable(),
  errors: z.array(
    z.object({
      on: z.enum(["authorize", "exchange", "refresh", "check"]),
      answer: answerSchema.partial({ status: true }),
      means: z.enum(["revoked", "denied", "misconfigured", "temporary"]),
    }),
  ),
  concluded: z.looseObject({
    scopes: z.array(z.string()),
    expires_in: z.number().nullable(),
    account: z.looseObject({ id: z.string().nullable(), label: z.string().nullable() }).nullable(),
    metadata: z.record(z.string(), z.unknown()).default({}),
    /** Each kind of token that the exchange brings, where there are several. */
    tokens: z
      .record(
        z.string(),
        z.object({ access_token: z.string(), refresh_token: z.string(), scopes: z.array(z.string()), expires_in: z.number() }),
      )
      .default({}),
  }),
  /** What could not be confirmed in the documentation. */
  unconfirmed: z.array(z.string()),
});

export type Fixture = z.output<typeof fixtureSchema>;
export type Exchange = z.output<typeof exchangeSchema>;

/** A provider's fixture. Throws where there is none, or where it is not complete. */
export const readFixture = (slug: string): Fixture =>
  fixtureSchema.parse(JSON.parse(readFileSync(new URL(`./fixtures/${slug}.json`, import.meta.url), "utf8")));
