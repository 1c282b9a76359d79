/** What Nango answers, as far as the adapter reads it. */
import { z } from "zod";

/** Instants of lists are written by Postgres, which may leave the offset out: that is UTC. */
const instant = z.string().transform((text, context) => {
  const at = Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
  if (!Number.isNaN(at)) return at;
  context.addIssue("is no instant");
  return z.NEVER;
});

const tags = z
  .record(z.string(), z.string())
  .nullish()
  .transform((value) => value ?? {});

const errors = z
  .array(z.object({ type: z.string() }))
  .nullish()
  .transform((value) => value ?? []);

/** An entry that cannot be read is left out: the others are good. */
const entriesOf = <Entry>(schema: z.ZodType<Entry>) =>
  z.array(z.unknown()).transform((entries) =>
    entries.flatMap((entry) => {
      const parsed = schema.safeParse(entry);
      return parsed.success ? [parsed.data] : [];
    }),
  );

const names = { connection_id: z.string().min(1), provider_config_key: z.string().min(1), tags };

/** What Nango keeps by name: any JSON. */
const kept = z
  .record(z.string(), z.unknown())
  .nullish()
  .catch(null)
  .transform((value) => value ?? {});

const listedConnection = z.object({ ...names, created: instant, errors, metadata: kept });

const integration = z.object({
  unique_key: z.string().min(1),
  display_name: z.string().min(1),
  logo: z
    .url({ protocol: /^https?$/ })
    .nullish()
    .catch(null)
    .transform((value) => value ?? null),
});

export const responses = {
  integrations: z.object({ data: entriesOf(integration) }),
  /** `count`: how many entries came, those included that cannot be read. */
  connections: z
    .object({ connections: z.array(z.unknown()) })
    .transform(({ connections }) => ({ count: connections.length, entries: entriesOf(listedConnection).parse(connections) })),
  /** `credentials` are read by `credentials.ts`. */
  connection: z.object({ ...names, updated_at: instant.nullish().catch(null), connection_config: kept, credentials: z.unknown() }),
  session: z.object({
    data: z.object({ connect_link: z.url({ protocol: /^https?$/ }), expires_at: instant.nullish().catch(null) }),
  }),
  success: z.unknown(),
};

export type IntegrationResponse = z.infer<typeof integration>;
export type ListedConnection = z.infer<typeof listedConnection>;
