import { z } from "zod";
import { findMarkdownProblem, LONGEST_MARKDOWN } from "../../schema/markdown.ts";
import { isSecureEndpoint } from "../http/secure-endpoint.ts";

/** A variable that an endpoint is filled in with (see `template.ts`). */
const placeholder = /\{[a-z]\w*\}/gi;
const stand = "x";
/** Two placeholders, or one after others, could make any host together. */
const openHost = /^\w+:\/\/[^/?#]+\{\w+\}(?::\d+)?(?:[/?#]|$)/;

/** An https address, or http on a loopback host, that may hold `{variable}` placeholders. */
export const endpointSchema = z.string().superRefine((value, context) => {
  const url = URL.parse(value.replaceAll(placeholder, stand));
  if (url === null) context.addIssue({ code: "custom", message: "must be an absolute URL" });
  else if (url.hash !== "") context.addIssue({ code: "custom", message: "must not have a fragment" });
  else if (openHost.test(value))
    context.addIssue({ code: "custom", message: "must have a fixed end of its host, or one placeholder for the whole host" });
  else if (!isSecureEndpoint(url))
    context.addIssue({
      code: "custom",
      message: "must be https, or http on a loopback host (localhost, 127.0.0.0/8, [::1]), without user name or password",
    });
});

/** RFC 8414 section 2: an issuer has no query either. */
export const issuerSchema = endpointSchema.refine((value) => !value.includes("?"), "must not have a query");

/** OAuth 2.0 Multiple Response Type Encoding Practices section 2.1, and OAuth 2.0 Form Post Response Mode. */
const responseModes: readonly string[] = ["query", "form_post"];
const isReadMode = (mode: string | null): boolean => mode === null || responseModes.includes(mode);
const unreadMode = `must have a response_mode that the callback supports: ${responseModes.join(" or ")}`;

export const authorizationEndpointSchema = endpointSchema.refine(
  (value) => isReadMode(URL.parse(value.replaceAll(placeholder, stand))?.searchParams.get("response_mode") ?? null),
  unreadMode,
);

/** Names a request sets itself, which further parameters must not pretend to set. */
const reservedParams: ReadonlySet<string> = new Set([
  "response_type",
  "client_id",
  "client_secret",
  "redirect_uri",
  "state",
  "code",
  "code_verifier",
  "code_challenge",
  "code_challenge_method",
  "grant_type",
  "refresh_token",
]);
const setsNoReserved = (record: object): boolean => Object.keys(record).every((name) => !reservedParams.has(name));
const reserved = "must not set a parameter that the gateway sets itself";

/** Parameters of a request. Values are texts, numbers or booleans, and may hold placeholders. */
export const paramsSchema = z.record(z.string().min(1), z.union([z.string(), z.number(), z.boolean()]));
/** Parameters beside those that the standard's request has. */
export const furtherParamsSchema = paramsSchema.refine(setsNoReserved, reserved);
/** The same of a refresh. Some providers want the redirect URI again, or have a grant type of their own. */
const refreshParams: ReadonlySet<string> = new Set(["redirect_uri", "grant_type"]);
export const refreshParamsSchema = paramsSchema.refine(
  (record) => Object.keys(record).every((name) => refreshParams.has(name) || !reservedParams.has(name)),
  reserved,
);

export const authorizationParamsSchema = z
  .record(z.string().min(1), z.union([z.string(), z.number(), z.boolean()]).transform(String))
  .refine(setsNoReserved, reserved)
  .refine(({ response_mode: mode }) => isReadMode(mode ?? null), unreadMode);

export const headersSchema = z
  .record(z.string().regex(/^[\w-]+$/, "must be a header name"), z.string().regex(/^[\x20-\x7e]*$/, "must be printable ASCII"))
  .refine((record) => Object.keys(record).every((name) => name.toLowerCase() !== "authorization"), "must not set authorization");

/** The longest life or window that a provider may claim: ten years. */
const MAXIMUM_SECONDS = 315_360_000;
export const secondsSchema = z.int().positive().max(MAXIMUM_SECONDS);

export const pathSchema = z.string().regex(/^[^.]+(?:\.[^.]+)*$/, "must be names joined by dots");
export const paramNameSchema = z.string().regex(/^[\w.-]+$/, "must be a parameter name");
export const textsSchema = z.array(z.string().min(1));

/** A text in Markdown, which is cheap to parse. */
export const markdownSchema = z
  .string()
  .max(LONGEST_MARKDOWN)
  .superRefine((text, context) => {
    const message = findMarkdownProblem(text);
    if (message !== null) context.addIssue({ code: "custom", message });
  });

/** Where a value is found: a path in the token answer, the ID token, the userinfo answer, the callback's parameters or the user's fields. */
export const sourceSchema = z
  .string()
  .regex(
    /^(?:(?:token|id_token|userinfo|callback|field):)?[^.:]+(?:\.[^.:]+)*$/,
    "must be a path, with the prefix token:, id_token:, userinfo:, callback: or field: (without a prefix: of userinfo or the ID token)",
  );
export const sourcesSchema = z.union([sourceSchema.transform((one) => [one]), z.array(sourceSchema).min(1)]);

export const variableNameSchema = z.string().regex(/^[a-z]\w{0,63}$/i, "must be letters, digits and _, starting with a letter");
