import { z } from "zod";
import { type EndUser, findConnection, findIntegration, openSession, type State, type Tags } from "./state.ts";
import { type Answer, failure, instant, invalid } from "./wire.ts";

const MAXIMUM_TAGS = 10;

const tagKey = z
  .string()
  .max(64)
  .regex(/^[a-zA-Z][a-zA-Z0-9_\-./]*$/);

/** At most ten; keys are lowercased, values kept. */
export const tagsSchema = z
  .record(tagKey, z.string().min(1).max(255))
  .refine((tags) => Object.keys(tags).length <= MAXIMUM_TAGS, "Tags cannot contain more than 10 keys")
  .transform((tags): Tags => Object.fromEntries(Object.entries(tags).map(([key, value]) => [key.toLowerCase(), value])));

export const keySchema = z.string().regex(/^[a-zA-Z0-9~:.@ _-]{1,255}$/);
export const connectionIdSchema = z.string().regex(/^[a-zA-Z0-9,.;:=+~[\]|@${}"'\\/_ -]{1,255}$/);

const endUserSchema = z.strictObject({
  id: z.string().min(1).max(255),
  email: z.email().optional(),
  display_name: z.string().max(255).optional(),
  tags: z.record(z.string(), z.string()).optional(),
});
const organizationSchema = z.strictObject({ id: z.string().max(255), display_name: z.string().max(255).optional() });

const shared = {
  end_user: endUserSchema.optional(),
  organization: organizationSchema.optional(),
  integrations_config_defaults: z.record(keySchema, z.looseObject({})).optional(),
  overrides: z.record(keySchema, z.looseObject({})).optional(),
  webhook_url_override: z.url().nullish(),
  tags: tagsSchema.optional(),
};

const newSession = z
  .strictObject({ ...shared, allowed_integrations: z.array(keySchema).optional() })
  .refine(({ end_user, tags }) => end_user !== undefined || tags !== undefined, { path: ["end_user"], error: "Required" });

const reconnectSession = z.strictObject({ ...shared, connection_id: connectionIdSchema, integration_id: keySchema });

type Sender = Pick<z.output<typeof newSession>, "end_user" | "organization" | "tags">;

/** `POST /connect/sessions` */
export function createSession(state: State, connectUrl: string, body: unknown): Answer {
  const parsed = newSession.safeParse(body);
  if (!parsed.success) return invalid("invalid_body", parsed.error);
  const allowed = parsed.data.allowed_integrations ?? null;
  if (allowed?.some((key) => !findIntegration(state, key)))
    return failure(400, "invalid_body", undefined, { errors: [{ code: "custom", message: "Integration does not exist" }] });
  return answerSession(state, connectUrl, {
    tags: tagsOf(parsed.data),
    endUser: endUserOf(parsed.data),
    allowedIntegrations: allowed,
    reconnects: null,
  });
}

/** `POST /connect/sessions/reconnect`. The tags of the session take the place of the connection's. */
export function createReconnectSession(state: State, connectUrl: string, body: unknown): Answer {
  const parsed = reconnectSession.safeParse(body);
  if (!parsed.success) return invalid("invalid_body", parsed.error);
  const { connection_id: id, integration_id: key } = parsed.data;
  const held = findConnection(state, id, key);
  if (!held) return failure(400, "invalid_body", "ConnectionID or IntegrationId does not exists");
  return answerSession(state, connectUrl, {
    tags: tagsOf(parsed.data),
    endUser: endUserOf(parsed.data),
    allowedIntegrations: [key],
    reconnects: held,
  });
}

function answerSession(state: State, connectUrl: string, asked: Parameters<typeof openSession>[1]): Answer {
  const { token, expiresAt } = openSession(state, asked);
  return {
    status: 201,
    body: { data: { token, connect_link: `${connectUrl}/?session_token=${token}`, expires_at: instant(expiresAt) } },
  };
}

/** End user and organization become tags; those that are stated win. */
function tagsOf({ end_user: endUser, organization, tags }: Sender): Tags {
  const generated = {
    end_user_id: endUser?.id,
    end_user_email: endUser?.email,
    end_user_display_name: endUser?.display_name,
    organization_id: organization?.id,
    organization_display_name: organization?.display_name,
  };
  return { ...Object.fromEntries(Object.entries(generated).flatMap(([key, value]) => (value ? [[key, value]] : []))), ...tags };
}

const endUserOf = ({ end_user: endUser, organization }: Sender): EndUser | null =>
  endUser
    ? {
        id: endUser.id,
        displayName: endUser.display_name ?? null,
        email: endUser.email ?? null,
        organization: organization ? { id: organization.id, displayName: organization.display_name ?? null } : null,
      }
    : null;
