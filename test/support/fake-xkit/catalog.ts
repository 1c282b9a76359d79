/** A connector of the fake's catalog, as a configuration file writes it. It needs fields of the user, or it leads to the provider. */
export type FakeConnector = Readonly<{
  slug: string;
  name: string;
  short_description?: string;
  description?: string;
  mark_url?: string;
  supports_multiple_connections?: boolean;
  scopes?: readonly string[];
  /** What can be asked for besides. */
  allowed_scopes?: readonly string[];
  /** What is asked of a second token, of the kind `user`; the other one is of the kind `main`. */
  user_scope?: string;
  /** Where the provider's API is, and the name of the header that carries its token. */
  api?: Readonly<{ base_url: string; header: string }>;
  /** How long a grant lives, in milliseconds; it is stated where it is known. */
  grant_ms?: number;
  collect?: Readonly<{
    instructions: string;
    save_label: string;
    fields: readonly Readonly<{
      name: string;
      label: string;
      hint?: string;
      suffix?: string;
      secret?: boolean;
      optional?: boolean;
      default?: string;
      enum?: readonly string[];
    }>[];
  }>;
}>;

/** The platform that the fake belongs to. */
export const fakePlatform = {
  name: "Acme",
  slug: "platform",
  custom_domain: null,
  website: "https://acme.example",
  login_redirect_url: "https://acme.example/login",
  privacy_url: null,
  remove_branding: true,
  color: null,
  logo_url: null,
};
