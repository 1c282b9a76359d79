import { forbidden, unauthenticated } from "../../schema/errors.ts";
import type { Principal } from "../http/pipeline.ts";
import type { ApiKeys } from "./api-keys.ts";
import type { Bearers } from "./bearer.ts";
import { MAXIMUM_TOKEN_CHARACTERS } from "./jwt.ts";
import type { KnownCredentials } from "./known-credentials.ts";

const LONGEST_SCHEME = "Bearer ".length;
const BASIC = "Basic ";

export interface Authenticator {
  /**
   * Judges `Authorization`, and nothing else: no cookie is a credential of the API. Without the header the principal is anonymous.
   * Throws UNAUTHENTICATED for the whole request when the credential is malformed, expired or revoked, FORBIDDEN for an API key in a
   * browser, and TEMPORARILY_UNAVAILABLE while it cannot be checked.
   */
  authenticate(request: Request): Promise<Principal>;
  /** The principal of a credential that was accepted before and still is: the same object each time. Null: `authenticate` is to be asked. */
  recall(this: void, request: Pick<Request, "headers">): Known | null;
}

/** A principal with a credential. */
type Known = Exclude<Principal, { kind: "anonymous" }>;

interface Dependencies {
  bearers: Bearers;
  apiKeys: Pick<ApiKeys, "verify" | "recordUse">;
  known: KnownCredentials;
}

export function createAuthenticator({ bearers, apiKeys, known }: Dependencies): Authenticator {
  const asUser = async (header: string, credential: string): Promise<Principal> => {
    const { keepUser } = known.begin();
    const { viewer, sessionId, holds } = await bearers.identify(credential);
    const user = { kind: "user", viewer, sessionId, credential } as const;
    keepUser(header, user, holds);
    return user;
  };

  const asPlatform = async (request: Request, credential: string): Promise<Principal> => {
    if (isOfPage(request)) throw forbidden(SECRET_IN_PAGE);
    const { id, secret } = parseBasic(credential);
    const { keepServer } = known.begin();
    if (!(await apiKeys.verify(id, secret))) throw unauthenticated(WRONG_KEY);
    const server = { kind: "platform", keyId: id } as const;
    keepServer(credential, server);
    return server;
  };

  function recall(request: Pick<Request, "headers">): Known | null {
    const header = request.headers.get("authorization");
    if (header === null) return null;
    if (!header.startsWith(BASIC)) return known.findUser(header);
    const server = isOfPage(request) ? null : known.findServer(header.slice(BASIC.length));
    if (server) apiKeys.recordUse(server.keyId);
    return server;
  }

  return {
    recall,
    async authenticate(request) {
      const header = request.headers.get("authorization");
      if (header === null) return { kind: "anonymous" };
      const recalled = recall(request);
      if (recalled) return recalled;
      const { scheme, credential } = parseAuthorization(header);
      if (scheme === "bearer") return asUser(header, credential);
      if (scheme === "basic") return asPlatform(request, credential);
      throw unauthenticated("Authorization has an unknown scheme: use Bearer for users, Basic for servers.");
    },
  };
}

/** Whether a web page sends it, as browsers say. */
const isOfPage = ({ headers }: Pick<Request, "headers">): boolean =>
  headers.has("origin") || (headers.get("sec-fetch-site") ?? "none") !== "none";

const SECRET_IN_PAGE =
  "API keys are for servers: this request has an Origin or a Sec-Fetch-Site header, so it comes from a web page, and a web page must never have a secret key. Use a session token.";
const WRONG_KEY = "The API key is unknown, wrong or revoked: send its publishable key and its secret key as Authorization: Basic.";

/** One scheme and one credential (RFC 9110 section 11.4). Several headers arrive joined by commas, which no credential of ours holds. */
function parseAuthorization(header: string): { scheme: string; credential: string } {
  if (header.length > MAXIMUM_TOKEN_CHARACTERS + LONGEST_SCHEME)
    throw unauthenticated(
      "Authorization is longer than 16 KiB, and no credential of this gateway is that long: send the credential alone.",
    );
  if (header.includes(",")) throw unauthenticated("Authorization must have one credential, but this request has several.");
  const [scheme = "", credential = "", ...rest] = header.trim().split(/ +/);
  if (credential === "" || rest.length > 0)
    throw unauthenticated("Authorization must be a scheme, a space and a credential: Bearer with a token, or Basic with an API key.");
  return { scheme: scheme.toLowerCase(), credential };
}

/** RFC 7617 section 2: user name, the first colon, password. */
function parseBasic(credential: string): { id: string; secret: string } {
  const pair = Buffer.from(credential, "base64").toString("utf8");
  const colon = pair.indexOf(":");
  if (colon < 0) throw unauthenticated("Authorization: Basic must have the base64 of the publishable key, a colon and the secret key.");
  return { id: pair.slice(0, colon), secret: pair.slice(colon + 1) };
}
