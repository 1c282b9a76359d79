/** A catalog of several connectors, all before the demo provider or a form. */
export const demoConnectors: readonly Record<string, unknown>[] = [
  {
    slug: "calendar",
    name: "Calendar",
    short_description: "See your week beside your work, and plan meetings without leaving the page.",
    description:
      "Shows **your events** next to your tasks.\n\n- Reads the calendars you choose\n- Writes meetings that you plan here\n- Never invites anybody by itself\n\nMore in [the guide](https://example.com/guide).",
    provider: "demo",
    supports_multiple_connections: true,
  },
  {
    slug: "chat",
    name: "Chat",
    short_description: "Post updates where your team talks.",
    provider: "demo",
    scopes: ["openid", "email", "offline_access", "chat:write"],
  },
  { slug: "drive", name: "Drive", short_description: "Attach files without downloading them first.", provider: "demo" },
  {
    slug: "desk",
    name: "Support Desk",
    short_description: "Turn customer questions into tasks.",
    collect: {
      instructions: "Make a key under **Settings → API**, then paste it here.",
      save_label: "Connect",
      fields: [
        { name: "subdomain", label: "Subdomain", suffix: ".desk.example" },
        { name: "api_key", label: "API key", secret: true },
      ],
    },
  },
  {
    slug: "crm",
    name: "CRM",
    short_description: "Keep contacts and deals in step, in both directions, without a spreadsheet in between and without copying by hand.",
    provider: "demo",
  },
  {
    slug: "mail",
    name: "Mail",
    short_description: "Send from your own address.",
    provider: "demo",
    scopes: ["openid", "offline_access"],
    allowed_scopes: ["email"],
  },
  { slug: "notes", name: "Notes", short_description: "Link pages to projects.", provider: "demo" },
];
