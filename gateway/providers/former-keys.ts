import { kindOf } from "../oauth/failure.ts";

type Facts = Record<string, unknown>;

const STATUS_BAD_REQUEST = 400;

const authenticationNames: Facts = { client_secret_basic: "basic", client_secret_post: "post", none: "none" };
const nameOf = (value: unknown): unknown =>
  typeof value === "string" && Object.hasOwn(authenticationNames, value) ? authenticationNames[value] : value;

/** `{ "BAD_REFRESH_TOKEN": "invalid_grant" }`: a code, and the code of RFC 6749 section 5.2 that it means. */
const toErrorRules = (codes: unknown): unknown =>
  isObject(codes)
    ? Object.entries(codes).map(([match, code]) => ({
        match,
        means: typeof code === "string" ? meaningOf(code) : code,
      }))
    : codes;

const meaningOf = (code: string): string => {
  const kind = kindOf(code, STATUS_BAD_REQUEST, "exchange");
  return kind === "revoked" || kind === "denied" || kind === "misconfigured" ? kind : "temporary";
};

/** Names of earlier releases: where each is now, and how its value is written there. */
const formerKeys: Readonly<Record<string, { now: readonly string[]; toNow?: (value: unknown) => unknown }>> = {
  revocation_endpoint: { now: ["revocation", "url"] },
  userinfo_endpoint: { now: ["userinfo", "0", "url"] },
  userinfo_method: { now: ["userinfo", "0", "method"] },
  userinfo_body: { now: ["userinfo", "0", "body"] },
  userinfo_headers: { now: ["userinfo", "0", "headers"] },
  check: { now: ["api", "check"] },
  authorization_response_iss_parameter_supported: { now: ["iss_parameter"] },
  token_endpoint_auth_method: { now: ["client_authentication"], toNow: nameOf },
  basic_credential_encoding: { now: ["basic_encoding"] },
  scope_separator: { now: ["scopes", "separator"] },
  scope_response_separator: { now: ["scopes", "response_separator"] },
  scope_aliases: { now: ["scopes", "aliases"] },
  unreported_scopes: { now: ["scopes", "unreported"] },
  send_scope_on_refresh: {
    now: ["scopes", "refresh"],
    toNow: (value) => (typeof value === "boolean" ? (value ? "granted" : "none") : value),
  },
  token_request_body: { now: ["token_request", "body"] },
  error_codes: { now: ["errors"], toNow: toErrorRules },
  expires_in_unit: { now: ["expiry", "unit"], toNow: (value) => (value === "milliseconds" ? "ms" : value) },
  expiry_zero_means: { now: ["expiry", "zero_means"] },
  access_token_lifetime_seconds: { now: ["expiry", "default"] },
  revokes_on_reuse: { now: ["refresh", "revokes_on_reuse"] },
  reuse_grace_seconds: { now: ["refresh", "grace_seconds"] },
  account_id_path: { now: ["account", "id"] },
  account_label_path: { now: ["account", "label"] },
};

/** What a provider's facts say, with the names of earlier releases written as they are now. Null means the default, as it did. */
export function readFormerKeys(facts: Facts): Facts {
  const read: Facts = {};
  for (const [key, value] of Object.entries(facts)) {
    const former = Object.hasOwn(formerKeys, key) ? formerKeys[key] : undefined;
    if (former === undefined) read[key] = key === "token_params" ? byGrant(value) : value;
  }
  for (const [key, { now, toNow }] of Object.entries(formerKeys))
    if (facts[key] !== undefined && facts[key] !== null) setAt(read, now, toNow ? toNow(facts[key]) : facts[key]);
  return read;
}

/** Earlier releases sent the same to both grants. */
const byGrant = (params: unknown): unknown =>
  isObject(params) && Object.keys(params).some((name) => name !== "exchange" && name !== "refresh")
    ? { exchange: params, refresh: params }
    : params;

/** Sets a value below copies, never in what was read. `0` is the first entry of a list. */
function setAt(target: Facts, [name = "", ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) {
    target[name] = value;
    return;
  }
  const isList = rest[0] === "0";
  const below: unknown = target[name];
  const first: unknown = isList && Array.isArray(below) ? below[0] : isList ? undefined : below;
  const copy: Facts = isObject(first) ? { ...first } : {};
  target[name] = isList ? [copy] : copy;
  setAt(copy, isList ? rest.slice(1) : rest, value);
}

const isObject = (value: unknown): value is Facts => typeof value === "object" && value !== null && !Array.isArray(value);
