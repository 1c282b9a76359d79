import {
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  inputRequired,
  type InputRequiredResult,
  inputResponse,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { pause } from "../api/backoff.ts";
import { NoAccessTokenError } from "../api/errors.ts";
import { chooseLanguage } from "../languages/language.ts";
import { parseLocale } from "../languages/locale.ts";
import { type Sentences, sentencesFor } from "../languages/sentences.ts";
import { isAccessToken, type OwnedRequestInit, type OwnedTokenOptions, type OwnedTokenResult, type Owner } from "../server/owner.ts";

/** How long a repeated call waits for a user who is still connecting, in milliseconds. A client gives up a call after a minute. */
const DEFAULT_WAIT_MS = 45_000;
/** How often it looks meanwhile, in milliseconds. */
const LOOK_INTERVAL_MS = 1_000;

type AccessToken = Extract<OwnedTokenResult, { __typename: "AccessToken" }>;
type NoToken = NoAccessTokenError["outcome"];
/** What the user can mend on a page. */
type Mendable = Extract<NoToken, { connectorUrl: string }>;

/** What a tool answers: a result, or what is asked of its user first. */
export type ToolResult = CallToolResult | InputRequiredResult;

/** What a tool has while it runs. */
export interface ToolConnection {
  token: AccessToken;
  /** Calls the provider's API with such a token: a path below `token.apiBaseUrl`, or an absolute URL of that origin. */
  fetch: (input: string | URL | Request, init?: OwnedRequestInit) => Promise<Response>;
}

export interface ConnectionOptions extends Omit<OwnedTokenOptions, "rejected" | "signal"> {
  /** The connector's name, for people. Default: its slug. */
  name?: string;
  /** The language of what the user is asked, as a BCP 47 tag. English and German are spoken. Default: English. */
  locale?: string;
  /** How long a call waits that is repeated after the user has opened the page, in milliseconds. Default: 45,000. */
  waitMs?: number;
}

const isMendable = (outcome: NoToken): outcome is Mendable => "connectorUrl" in outcome;
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** A result that the model reads, and can tell its user. */
const failed = (text: string): CallToolResult => ({ isError: true, content: [{ type: "text", text }] });

/** What the user can only wait for, or tell others of. */
function sayUnmendable(words: Sentences["agent"], name: string, outcome: Exclude<NoToken, Mendable>): string {
  if (outcome.__typename === "TemporarilyUnavailable") return words.TemporarilyUnavailable(name, outcome.retryAfter);
  if (outcome.__typename === "MinimumTtlUnavailable") return words.MinimumTtlUnavailable(name, outcome.maximumTtl);
  // A newer gateway may know others.
  return Object.hasOwn(words, outcome.__typename) ? words[outcome.__typename](name) : outcome.message;
}

/** Whether the client opens pages for its user (MCP 2026-07-28, "URL Mode Elicitation"). Clients of earlier revisions say so elsewhere. */
function canOpenPages({ mcpReq: { envelope } }: Pick<ServerContext, "mcpReq">): boolean {
  const capabilities: unknown = isObject(envelope) ? envelope[CLIENT_CAPABILITIES_META_KEY] : undefined;
  const elicitation = isObject(capabilities) ? capabilities["elicitation"] : undefined;
  return isObject(elicitation) && isObject(elicitation["url"]);
}

/** Names what is asked of the user: a tool that needs two kinds of token, or other scopes later, has an answer to each. */
const keyOf = (slug: string, { kind, scopes = [] }: Pick<ConnectionOptions, "kind" | "scopes">): string =>
  ["connect", slug, ...(kind == null ? [] : [`as ${kind}`]), ...(scopes ?? [])].join(" ");

/**
 * Runs a tool with a live token of its user. Where the user has to connect, to connect again or to allow more first, the client is asked to
 * open the page for that (URL-mode elicitation), and calls the tool again once the user has agreed: such a call waits until the user is
 * done. The page knows its visitor by the gateway's own session, so that a link that reaches another person connects nothing for this user.
 *
 * Where the API refuses the token in the midst of `run`, and the user has to connect again, the repeated call runs it from its start.
 *
 * A tool that needs two tokens calls it within `run` of another call.
 *
 * A client that opens no pages, a user who declines, and an outcome that the user cannot mend are a result with `isError` and a sentence.
 * Throws what `run` throws, and XkitError: NotFoundError for an owner that the gateway does not know.
 *
 * ```ts
 * mcp.registerTool("list_orders", {}, (context) =>
 *   withConnection(context, server.user(userId), "shopify", async ({ fetch }) => {
 *     const response = await fetch("/admin/api/2026-01/orders.json");
 *     return { content: [{ type: "text", text: await response.text() }] };
 *   }),
 * );
 * ```
 */
export async function withConnection(
  context: Pick<ServerContext, "mcpReq">,
  owner: Owner,
  slug: string,
  run: (connection: ToolConnection) => ToolResult | Promise<ToolResult>,
  { name = slug, locale, waitMs = DEFAULT_WAIT_MS, ...options }: ConnectionOptions = {},
): Promise<ToolResult> {
  const words = sentencesFor(chooseLanguage([parseLocale(locale) ?? "en"])).agent;
  const key = keyOf(slug, options);
  const response = inputResponse(context.mcpReq.inputResponses, key);
  const answered = response.kind === "elicit" ? response.action : null;

  /** What the call is answered where there is no token. */
  function explain(outcome: NoToken): ToolResult {
    if (!isMendable(outcome)) return failed(sayUnmendable(words, name, outcome));
    const url = outcome.connectorUrl;
    if (answered === "decline" || answered === "cancel") return failed(words.declined(name));
    if (answered === "accept") return failed(words.unfinished(name, url));
    const message = words[outcome.__typename](name);
    if (!canOpenPages(context)) return failed(words.open(message, url));
    return inputRequired({ inputRequests: { [key]: inputRequired.elicitUrl({ message, url }) } });
  }

  const deadline = Date.now() + (answered === "accept" ? waitMs : 0);
  let outcome = await owner.getToken(slug, options);
  while (!isAccessToken(outcome) && isMendable(outcome) && Date.now() < deadline && !context.mcpReq.signal.aborted) {
    await pause(LOOK_INTERVAL_MS, context.mcpReq.signal);
    outcome = await owner.getToken(slug, options);
  }
  if (!isAccessToken(outcome)) return explain(outcome);
  try {
    return await run({ token: outcome, fetch: (input, init) => owner.fetch(slug, input, { ...options, ...init }) });
  } catch (error) {
    // The API has refused the token, and nothing could refresh it.
    if (error instanceof NoAccessTokenError) return explain(error.outcome);
    throw error;
  }
}
