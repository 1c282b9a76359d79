import type { Answer, Call } from "./exchange.ts";

/** How much of the contract the fake speaks. */
export interface Dialect {
  /** Whether what is started is bound to the browser that asked, with links for another browser. */
  readonly bindsBrowsers: boolean;
  /** Whether members of a group get no token of it (contract, "Groups"). */
  readonly withholdsGroupTokens: boolean;
  /** The id of an authorization by its number. */
  idOf(number: number): string | number;
  numberOf(id: string): number;
  /** What it understands of a request. */
  hears(call: Omit<Call, "params">): Omit<Call, "params">;
  /** What it says of an answer. */
  says(call: Pick<Call, "method" | "path">, answer: Answer): Answer;
}

/** All of the page. */
export const wholeContract: Dialect = {
  bindsBrowsers: true,
  withholdsGroupTokens: true,
  idOf: (number) => `authorization-${number}`,
  numberOf: (id) => Number(/^authorization-(\d+)$/.exec(id)?.[1]),
  hears: (call) => call,
  says: (_call, answer) => answer,
};

/** Members that the closed service documents. */
const documented: ReadonlySet<string> = new Set(
  [
    "error ott platform connectors connector connections connection authorization",
    "name slug custom_domain website login_redirect_url remove_branding",
    "short_description mark_url about description supports_multiple_connections",
    "id enabled display_label status error_code error_message authorizer access_token credential authorize_url state",
    "client_id prototype collect_instructions collect_fields collect_save collect_field collect_label collect_suffix label suffix",
  ].flatMap((names) => names.split(" ")),
);

/** Parameters that it documents. */
const understood: ReadonlySet<string> = new Set(["slug", "state", "code", "error", "error_description"]);

/**
 * What is documented of the closed service alone: no member and no parameter that is this project's own, enabled connections in lists,
 * nothing at the paths of users and groups, numbers as ids of authorizations.
 * @param saysWho whether `GET /session` names the user, or answers 204.
 * @param withholdsGroupTokens default: true.
 */
export const plainService = ({ saysWho, withholdsGroupTokens = true }: { saysWho: boolean; withholdsGroupTokens?: boolean }): Dialect => ({
  bindsBrowsers: false,
  withholdsGroupTokens,
  idOf: (number) => number,
  numberOf: (id) => (/^\d+$/.test(id) ? Number(id) : Number.NaN),
  hears: (call) => ({ ...call, query: new URLSearchParams([...call.query].filter(([name]) => understood.has(name))) }),
  says({ method, path }, answer) {
    const asked = `${method} /${path.join("/")}`;
    const { status, body } = answer;
    if (/^GET \/api\/platform\/\w+\/[^/]+$/.test(asked)) return { ...answer, status: 404, body: { error: "Not found" } };
    if (asked === "GET /api/platform_user/session" && status === 200) return saysWho ? answer : { ...answer, status: 204, body: null };
    return { ...answer, body: body && documentedOf(body) };
  },
});

function documentedOf(body: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const known = Object.entries(body).filter(([name, value]) => documented.has(name) && value !== null);
  return Object.fromEntries(known.map(([name, value]) => [name, name === "connections" ? plainList(value) : plainValue(name, value)]));
}

const plainList = (value: unknown): unknown =>
  Array.isArray(value) ? value.filter(({ enabled }) => enabled).map((each) => plainValue("", each)) : value;

function plainValue(name: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => plainValue("", each));
  if (typeof value !== "object" || value === null) return value;
  // Only a text is documented.
  return name === "credential" ? undefined : documentedOf({ ...value });
}
