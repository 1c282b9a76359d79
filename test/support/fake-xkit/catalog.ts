/** A connector of the fake's catalog, as a configuration file writes it. It needs fields of the user, or it leads to the provider. */
export type FakeConnector = Readonly<{
  slug: string;
  name: string;
  short_description?: string;
  description?: string;
  mark_url?: string;
  supports_multiple_connections?: boolean;
  scopes?: readonly string[];
  collect?: Readonly<{
    instructions: string;
    save_label: string;
    fields: readonly Readonly<{ name: string; label: string; suffix?: string; secret?: boolean }>[];
  }>;
}>;

/** The platform that the fake belongs to. */
export const fakePlatform = {
  name: "Acme",
  slug: "platform",
  custom_domain: null,
  website: "https://acme.example",
  login_redirect_url: "https://acme.example/login",
  remove_branding: true,
  color: null,
  logo_url: null,
};
