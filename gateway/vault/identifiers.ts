/** What the vault's own ids and states look like. Those of another upstream may look otherwise. */
import { z } from "zod";

/** An id of ours, or a UUID made by a client. */
export const connectionIdSchema = z.string().regex(/^[A-Za-z0-9_-]{8,64}$/, "must be an id: 8 to 64 letters, digits, - and _");

/** The state of a started authorization: 32 random bytes as base64url. */
export const stateSchema = z.string().regex(/^[A-Za-z0-9_-]{43}$/, "must be the state that connect answered");
