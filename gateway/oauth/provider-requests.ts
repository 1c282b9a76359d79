/** The shapes of what a provider is sent, and of what its errors mean: data, without secrets. */

/** A value of a further parameter. */
export type ParamValue = string | number | boolean;

/** A request that revokes a token. */
export interface RevocationRequest {
  readonly url: string;
  readonly method: "POST" | "DELETE" | "GET";
  readonly body: "form" | "json" | "none";
  /** How it is authenticated: as at the token endpoint, by Basic or in the body, by the token itself, or not at all. */
  readonly auth: "client" | "basic" | "post" | "bearer" | "none";
  /** `{token}` stands for the token. Null: `token` and `token_type_hint` (RFC 7009 section 2.1). */
  readonly params: Readonly<Record<string, ParamValue>> | null;
}

/** A request that says whose account a token belongs to. */
export interface UserInfoRequest {
  readonly url: string;
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  /** A JSON text to post, e.g. a GraphQL query. */
  readonly body: string | null;
  /** The scheme of the `authorization` header (RFC 9110 section 11.1). */
  readonly scheme: string;
  /** The header that carries the credential in place of that one: `X-Api-Key: {api_key}`. */
  readonly credentialHeader?: string | undefined;
}

/** A request that only a good access token passes. */
export interface CheckRequest {
  readonly url: string;
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  /** The statuses of success. Null: every 2xx. */
  readonly ok: readonly number[] | null;
  /** The header that carries the credential. Default `Authorization`, with the scheme of the userinfo request. */
  readonly credentialHeader?: string | undefined;
}

/** How a token request is written: `query` puts the parameters in the address. */
export interface TokenRequestFormat {
  readonly method: "POST" | "GET";
  readonly body: "form" | "json" | "query";
  readonly headers: Readonly<Record<string, string>>;
  readonly accept: string;
}

/** The request that exchanges a token of minutes for one of days. */
export interface UpgradeRequest {
  readonly url: string;
  readonly method: "POST" | "GET";
  /** Sent as a query by GET, else as a form. */
  readonly params: Readonly<Record<string, ParamValue>>;
}

/** Where one kind of token is in a token answer, and how its scopes are asked for. Paths are dot paths. */
export interface TokenKind {
  readonly path: string;
  readonly refreshPath: string;
  readonly scopePath: string;
  /** The token type to assume. Null: as with the provider's other tokens. */
  readonly tokenType: string | null;
  /** The parameter that carries its scopes at the authorization endpoint. Null: the provider's. */
  readonly scopeParam: string | null;
}

/** What may fill a placeholder of the provider's requests: `https://{shop}.myshopify.com`. */
export interface VariableRule {
  /** What it may become a part of. Null: what its place allows, as the provider states it by itself. */
  readonly may: "host_label" | "host" | "path" | "param" | null;
  /** Known only from the callback, or from an answer: a request that needs it waits for that. */
  readonly isLate: boolean;
  readonly isOptional: boolean;
  /** Whether it may be as long as a key. */
  readonly isSecret: boolean;
  readonly enum: readonly string[] | null;
  readonly pattern: RegExp | null;
  /** The end of a host name that a pasted address carries: `.zendesk.com`. */
  readonly strip: string | null;
  /** Hosts that are private, and allowed all the same. */
  readonly allowedHosts: readonly string[];
}

/** What an error of the provider's means, by the operation that it answers. */
export interface ErrorRule {
  readonly on: "authorize" | "exchange" | "refresh" | "check" | "any";
  /** Default every status. */
  readonly status?: number | undefined;
  /** Dot path to the code. Default any member of the answer, or of its `error`. */
  readonly path?: string | undefined;
  /** Null: the status alone decides. */
  readonly match: readonly string[] | null;
  readonly means: "revoked" | "denied" | "misconfigured" | "temporary";
}
