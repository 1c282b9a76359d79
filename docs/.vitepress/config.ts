import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type DefaultTheme, defineConfig, type MarkdownOptions } from "vitepress";
import llmstxt from "vitepress-plugin-llms";

const DOCS = fileURLToPath(new URL("../", import.meta.url));

type Item = DefaultTheme.SidebarItem;

const page = (text: string, link: string): Item => ({ text, link });

/** Pages of a folder by their names, for those that are generated. */
const pagesIn = (folder: string): Item[] =>
  existsSync(`${DOCS}${folder}`)
    ? readdirSync(`${DOCS}${folder}`)
        .filter((name) => name.endsWith(".md"))
        .map((name) => name.replace(/\.md$/, ""))
        .map((name) => page(name, `/${folder}/${name}`))
    : [];

const sidebar: Item[] = [
  {
    text: "Quickstarts",
    items: [
      page("Run a gateway", "/quickstart/gateway"),
      page("Next.js", "/quickstart/next"),
      page("React Router", "/quickstart/react-router"),
      page("React and Vite", "/quickstart/react"),
      page("Script tag", "/quickstart/script-tag"),
      page("Node server", "/quickstart/node"),
      page("Python, over REST", "/quickstart/python"),
      page("MCP server", "/mcp"),
      page("Native and server-rendered", "/native-and-server-rendered"),
    ],
  },
  {
    text: "Concepts",
    items: [
      page("Outcomes", "/concepts/outcomes"),
      page("Groups", "/concepts/groups"),
      page("Verify and rejected", "/concepts/verify-and-rejected"),
      page("Minimum life", "/concepts/minimum-life"),
    ],
  },
  {
    text: "Use it",
    items: [
      page("Your own connectors", "/guides/connectors"),
      page("Sign users in", "/guides/sign-in"),
      page("From a front end", "/guides/front-end"),
      page("From a server", "/guides/server"),
      page("Look and language", "/theming"),
      page("How it looks", "/screenshots"),
      page("Call the API", "/calling-apis"),
      page("Events", "/webhooks"),
      page("Erase a user", "/guides/erase"),
    ],
  },
  {
    text: "GraphQL clients",
    items: [
      page("Which and how", "/graphql-clients"),
      page("urql", "/clients/urql"),
      page("Apollo Client", "/clients/apollo"),
      page("Relay", "/clients/relay"),
      page("graphql-request", "/clients/graphql-request"),
      page("gql.tada", "/clients/gql-tada"),
    ],
  },
  {
    text: "Run it",
    items: [
      page("Deploy", "/guides/deploy"),
      page("Settings of the environment", "/settings"),
      page("Postgres", "/guides/postgres"),
      page("Workers", "/guides/workers"),
      page("Back up and restore", "/guides/backup"),
      page("Rotate sealing keys", "/guides/rotate-keys"),
      page("Upgrade", "/guides/upgrade"),
      page("Metrics and traces", "/guides/metrics"),
      page("Audit", "/guides/audit"),
      page("The operator's page", "/guides/operator"),
      page("Rate limits", "/guides/rate-limits"),
      page("Documents by id", "/guides/trusted-documents"),
      page("Scale", "/scale"),
    ],
  },
  {
    text: "Move",
    items: [
      page("Moving in and out", "/moving-in"),
      page("From Nango", "/guides/from-nango"),
      page("From better-auth", "/guides/from-better-auth"),
      page("From Xkit", "/guides/from-xkit"),
      page("Comparison", "/comparison"),
    ],
  },
  {
    text: "In front of others",
    items: [
      page("Overview", "/guides/in-front"),
      page("Nango", "/upstreams/nango"),
      page("better-auth", "/upstreams/better-auth"),
      page("Write an adapter", "/upstreams"),
    ],
  },
  {
    text: "Connectors",
    collapsed: true,
    items: [page("All", "/connectors"), ...pagesIn("connectors")],
  },
  {
    text: "Reference",
    items: [
      { text: "GraphQL", collapsed: true, items: pagesIn("reference/graphql") },
      page("REST", "/reference/rest"),
      page("The REST contract in words", "/rest-contract"),
      page("Configuration file", "/reference/configuration"),
      { text: "Packages", collapsed: true, items: pagesIn("reference/packages") },
    ],
  },
  { text: "How it is built", items: [page("Architecture", "/architecture")] },
];

/** A link of a page to a file of the repository that is no page, as its text alone: the site has no such file. */
function unlinkSources(md: Parameters<NonNullable<MarkdownOptions["config"]>>[0]): void {
  md.core.ruler.push("unlink_sources", ({ tokens, env }) => {
    const depth = String(env.relativePath ?? "").split("/").length - 1;
    for (const { children } of tokens) {
      let isDropping = false;
      for (const token of children ?? []) {
        if (token.type === "link_open") isDropping = leavesDocs(token.attrGet("href") ?? "", depth);
        if (!isDropping || !/^link_(open|close)$/.test(token.type)) continue;
        if (token.type === "link_close") isDropping = false;
        token.type = "html_inline";
        token.content = "";
      }
    }
  });
}

const leavesDocs = (href: string, depth: number): boolean => (/^(?:\.\.\/)+/.exec(href)?.[0].length ?? 0) / "../".length > depth;

/** An anchor as GitHub makes it of a heading, so that links hold there and here. */
const slugify = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(/\s/g, "-");

export default defineConfig({
  title: "Xkit Gateway",
  description: "Live third-party access tokens for your users, over GraphQL.",
  // Where a gateway in development serves it.
  base: "/docs/",
  outDir: "../dist/docs",
  cacheDir: "node_modules/.cache/vitepress",
  srcExclude: ["node_modules/**"],
  cleanUrls: false,
  head: [["link", { rel: "icon", href: "data:," }]],
  markdown: { config: unlinkSources, anchor: { slugify } },
  themeConfig: {
    sidebar,
    nav: [
      page("Quickstart", "/quickstart/gateway"),
      page("Concepts", "/concepts/outcomes"),
      page("Reference", "/reference/rest"),
    ] as DefaultTheme.NavItem[],
    search: { provider: "local" },
    outline: [2, 3],
  },
  vite: {
    plugins: [llmstxt({ ignoreFiles: ["node_modules/**"] })],
  },
});
