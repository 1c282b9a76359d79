import { Hono } from "hono";
import { html } from "hono/html";
import { z } from "zod";
import { badUserInput, type ErrorCode, forbidden, GatewayError, httpStatusOf, notFound } from "../../schema/errors.ts";
import { fieldsSchema, parseInput, returnToSchema, scopesSchema, slugSchema, tokenKindSchema } from "../../schema/input.ts";
import { shownCode } from "../../schema/problems.ts";
import type { Connection, StartOptions, Viewer } from "../../schema/upstream.ts";
import type { Bindings } from "../auth/bindings.ts";
import { aboutConnection, originOf, RequestAudit, type RequestAudits } from "../custody/request-audit.ts";
import type { Exchange, Routed } from "../http/pipeline.ts";
import { failureOf } from "../http/failure.ts";
import { sentencesOf } from "../http/language.ts";
import type { OriginCheck } from "../http/web-origin.ts";
import { connectorUrlOf } from "../providers/connector-url.ts";
import { findCallbackError } from "../oauth/callback-error.ts";
import type { Log } from "../runtime/log.ts";
import type { StartedConnection } from "../vault/connections.ts";
import { hashSecret } from "../store/sealing.ts";
import { USED_LINK, type Visitor } from "../vault/attempts.ts";
import type { DeviceView } from "../vault/device-view.ts";
import { connectionIdSchema, stateSchema } from "../vault/identifiers.ts";
import type { ProviderStart } from "../vault/provider-start.ts";
import type { OwnPages, PagesVault } from "../upstream/upstream.ts";
import { devicePage } from "./device-page.ts";
import { destinationOf, showConnected, showFailure } from "./ended.ts";
import { type FormProblem, renderForm } from "./form.ts";
import { openerOf } from "./opener.ts";
import { labelOf, type Pages, redirectTo, renderFailure, renderPage, sayFailure } from "./page.ts";

/** The longest query that a callback by POST is turned into, in characters: Node takes 16 KiB of headers. */
const LONGEST_CALLBACK = 8_192;

const pathSchema = z.object({ slug: slugSchema });
const startSchema = z.object({
  id: connectionIdSchema.nullable(),
  returnTo: returnToSchema.nullable(),
  scopes: scopesSchema.optional(),
  kind: tokenKindSchema.optional(),
});
const formSchema = z.object({ fields: fieldsSchema });

interface Dependencies {
  vault: PagesVault;
  pages: Pages;
  publicUrl: string;
  bindings: Bindings;
  origins: OriginCheck;
  callerOf: OwnPages["callerOf"];
  audits: RequestAudits;
  /** Where users sign in whom the platform signs in nowhere: in development. */
  signInPath: string | null;
  log: Pick<Log, "warn">;
}

/** The pages between a click on "Connect" and a connection: `/connect/:slug` starts, `/callback/:slug` finishes. */
export function createConnectRoutes(dependencies: Dependencies): Hono<Routed> {
  const answer = (exchange: Exchange, slug: string, answering: Promise<Response>): Promise<Response> =>
    answering.catch((error: unknown) => explain(dependencies, exchange, slug, error));
  const routes = new Hono<Routed>();
  routes.get("/connect/:slug", ({ req, env }) => answer(env, req.param("slug"), open(dependencies, env, req.param("slug"))));
  routes.post("/connect/:slug", ({ req, env }) => answer(env, req.param("slug"), submit(dependencies, env, req.param("slug"))));
  routes.get("/connect/:slug/status", ({ req, env }) =>
    answer(env, req.param("slug"), readStatus(dependencies, env.request, req.param("slug"))),
  );
  routes.get("/callback/:slug", ({ req, env }) => answer(env, req.param("slug"), finish(dependencies, env, req.param("slug"))));
  routes.post("/callback/:slug", ({ req, env }) => answer(env, req.param("slug"), readFormPost(dependencies, env.request)));
  return routes;
}

/** What went wrong, with a way on. A link that was used says that it has succeeded where its reader is connected. */
async function explain(dependencies: Dependencies, exchange: Exchange, slug: string, error: unknown): Promise<Response> {
  const { pages, publicUrl } = dependencies;
  const { request } = exchange;
  const connection =
    request.method !== "POST" && isUsedLink(error) ? await findConnected(dependencies, exchange, slug).catch(() => null) : null;
  if (connection) return showConnected(dependencies, request, { connection, returnTo: null, status: httpStatusOf.NOT_FOUND });
  const shown = forEndUser(dependencies, slug, error);
  const { startAgain, back } = sentencesOf(request).pages;
  const mayStart = shown !== error || (new URL(request.url).searchParams.has("state") && isOfLink(error));
  const body = html`${
      mayStart && slugSchema.safeParse(slug).success ? html`<a class="button" href="${publicUrl}/connect/${slug}">${startAgain}</a>` : ""
    } <a class="quiet" href="${connectorUrlOf(publicUrl, slug)}">${back}</a>`;
  return renderFailure(pages, request, shown, body, await findOpener(dependencies, request));
}

const isUsedLink = (error: unknown): boolean => error instanceof GatewayError && error.refusal === USED_LINK;

/** What another attempt may do better. */
const isOfLink = (error: unknown): boolean => error instanceof GatewayError && (error.code === "NOT_FOUND" || error.code === "FORBIDDEN");

/** A parameter that is wrong is its page's fault: its developer reads in the log which, and its user that the link is wrong. */
function forEndUser({ log }: Dependencies, slug: string, error: unknown): unknown {
  if (!(error instanceof GatewayError) || error.code !== "BAD_USER_INPUT" || error.refusal) return error;
  log.warn({ connector: slug, reason: error.message }, "a link to connect is not valid");
  return badUserInput(({ refusals }) => refusals.badLink, error.facts.path ?? "");
}

/** The working connection of who is signed in, or null. */
async function findConnected({ pages, callerOf }: Dependencies, { request, limits }: Exchange, slug: string): Promise<Connection | null> {
  const viewer = await pages.findViewer(request);
  const connection = viewer ? await callerOf(viewer, limits).shared?.find({ slug }) : null;
  const { status, problem } = connection?.authorization ?? {};
  return connection?.enabled && status === "active" && problem === null ? connection : null;
}

/** The page that waits for what this window was to finish, or null. */
async function findOpener({ vault, origins }: Dependencies, request: Request): Promise<string | null> {
  const state = stateSchema.safeParse(new URL(request.url).searchParams.get("state"));
  // What went wrong may be the store.
  const returnTo = state.success ? await vault.findReturnTo(state.data).catch(() => null) : null;
  return openerOf(returnTo, origins);
}

/** Starts connecting; with the `state` of what has been started, shows its form. */
async function open(dependencies: Dependencies, exchange: Exchange, slug: string): Promise<Response> {
  parse(pathSchema, { slug });
  const { searchParams } = new URL(exchange.request.url);
  if (!searchParams.has("state")) return start(dependencies, exchange, slug);
  const state = parseState(searchParams);
  const visitor = await visitorOf(dependencies, exchange.request);
  const device = await dependencies.vault.getDevice(state, slug, visitor);
  if (device) return showDevice(dependencies, exchange.request, state, device);
  const started = await dependencies.vault.getForm(state, slug, visitor);
  return showForm(dependencies, exchange.request, { started, state, problem: null, values: searchParams });
}

/** The code to enter at the provider, and then how that has ended. */
function showDevice(dependencies: Dependencies, request: Request, state: string, device: DeviceView): Promise<Response> {
  const { pages, bindings, publicUrl } = dependencies;
  const { connection, returnTo } = device;
  const { name, slug } = connection.connector;
  const here = `${publicUrl}/connect/${slug}?state=${state}`;
  if (device.status === "waiting")
    return renderPage(
      pages,
      request,
      devicePage(sentencesOf(request).pages, name, device.code, {
        here,
        back: destinationOf(dependencies, returnTo, slug),
        remainingMs: device.remainingMs,
      }),
    );
  const ended = { connection, returnTo, spent: bindings.clear(hashSecret(state)) };
  return device.status === "failed"
    ? showFailure(dependencies, request, { ...ended, failure: device.failure })
    : showConnected(dependencies, request, ended);
}

/** For the page with the code: 204 while it waits. */
async function readStatus({ vault, ...dependencies }: Dependencies, request: Request, slug: string): Promise<Response> {
  parse(pathSchema, { slug });
  const state = parseState(new URL(request.url).searchParams);
  const device = await vault.getDevice(state, slug, await visitorOf(dependencies, request));
  return new Response(null, { status: device?.status === "waiting" ? 204 : 200 });
}

async function start(dependencies: Dependencies, exchange: Exchange, slug: string): Promise<Response> {
  const { pages, publicUrl, origins } = dependencies;
  const { request } = exchange;
  const viewer = await pages.findViewer(request);
  if (!viewer) return askToSignIn(dependencies, request, slug);
  const url = new URL(request.url);
  if (!isWanted(request, origins)) {
    const again = `${publicUrl}${url.pathname}${url.search}`;
    const { connect, ...words } = sentencesOf(request).pages;
    const body = html`<p>${connect.fromElsewhere} ${connect.onlyIfAsked(labelOf(viewer))}</p>
      <a class="button" href="${again}">${words.continue}</a>
      <a class="quiet" href="${connectorUrlOf(publicUrl, slug)}">${words.cancel}</a>`;
    return renderPage(pages, request, { title: connect.titleAsUser(viewer.name ?? viewer.userId), body });
  }
  const { searchParams } = url;
  const scopes = searchParams.get("scopes")?.split(" ");
  const kind = searchParams.get("kind") ?? undefined;
  const asked = { id: searchParams.get("id"), returnTo: searchParams.get("returnTo"), scopes, kind };
  return startAs(dependencies, exchange, viewer, { slug, options: parse(startSchema, asked), fields: [] });
}

interface Start {
  slug: string;
  options: StartOptions;
  /** What the form need not ask. */
  fields: { name: string; value: string }[];
}

/** Binds this browser to what the user starts in it, and leads on. */
async function startAs(
  dependencies: Dependencies,
  exchange: Exchange,
  viewer: Viewer,
  { slug, options, fields }: Start,
): Promise<Response> {
  const { bindings, callerOf, audits } = dependencies;
  const { request, limits } = exchange;
  const setCookies: string[] = [];
  const bind = bindings.create(request, (header) => setCookies.push(header));
  const caller = callerOf(viewer, limits);
  const audit = new RequestAudit(audits, exchange, caller.actor);
  const connections = caller.connectionsIn({ bind, link: null, from: audit.from });
  const connection = await audit.act("connection.start", connections.start(slug, options), { connector: slug }, aboutConnection);
  const { authorization, connector } = connection;
  const { state, collect } = authorization ?? {};
  if (authorization?.status === "error")
    return showFailure(dependencies, request, {
      connection,
      failure: { code: authorization.errorCode ?? "internal", message: "" },
      returnTo: options.returnTo,
    });
  const submitted = state && collect && fields.length > 0 ? await connections.submit(state, fields).catch(nullIfAskedAgain) : null;
  const form = authorization?.authorizeUrl && collect ? withValues(authorization.authorizeUrl, fields) : authorization?.authorizeUrl;
  return redirectTo(submitted?.authorizeUrl ?? form ?? connector.connectorUrl, setCookies);
}

/** The form's address, with what it is filled in with. Only this browser has its state. */
function withValues(address: string, fields: Start["fields"]): string {
  const url = new URL(address);
  for (const { name, value } of fields) if (name !== "state") url.searchParams.set(name, value);
  return url.href;
}

/** The form says what is wrong when it is sent. */
function nullIfAskedAgain(error: unknown): null {
  if (isAskedAgain(error)) return null;
  throw error;
}

/** What a user can mend by entering it again. */
const askedAgain: ReadonlySet<ErrorCode> = new Set(["BAD_USER_INPUT", "TEMPORARILY_UNAVAILABLE"]);
const isAskedAgain = (error: unknown): error is GatewayError => error instanceof GatewayError && askedAgain.has(error.code);

/** Takes what the user typed into the form of `/connect/:slug?state=`. Without a state it starts, as our own page has asked the user. */
async function submit(dependencies: Dependencies, exchange: Exchange, slug: string): Promise<Response> {
  const { vault, pages, origins, bindings } = dependencies;
  const { request } = exchange;
  if (request.headers.get("origin") !== origins.own) throw forbidden(({ refusals }) => refusals.foreignForm);
  const { searchParams } = new URL(request.url);
  const viewer = await pages.findViewer(request);
  if (!viewer) return askToSignIn(dependencies, request, slug);
  const values = new URLSearchParams(await request.text());
  const readFields = () => parse(formSchema, { fields: [...values].map(([name, value]) => ({ name, value })) }).fields;
  if (!searchParams.has("state"))
    return startAs(dependencies, exchange, viewer, { slug, options: { id: null, returnTo: null }, fields: readFields() });
  const state = parseState(searchParams);
  const started = await vault.getForm(state, slug, await visitorOf(dependencies, request));
  try {
    const fields = readFields();
    const { authorizeUrl, returnTo, status } = await vault.submit(viewer, state, fields, { link: null, from: originOf(exchange) });
    // The provider gave no code: the page says why.
    const page = status === "error" ? `${dependencies.publicUrl}/connect/${slug}?state=${state}` : authorizeUrl;
    return page ? redirectTo(page) : redirectTo(destinationOf(dependencies, returnTo, slug), [bindings.clear(hashSecret(state))]);
  } catch (error) {
    if (!isAskedAgain(error)) throw error;
    return showForm(dependencies, request, { started, state, problem: error, values });
  }
}

async function finish(dependencies: Dependencies, exchange: Exchange, slug: string): Promise<Response> {
  const { vault, bindings } = dependencies;
  const { request } = exchange;
  const { searchParams } = new URL(request.url);
  const state = stateSchema.safeParse(searchParams.get("state"));
  if (!state.success) return showStateless(dependencies, request, slug, searchParams);
  const spent = bindings.clear(hashSecret(state.data));
  const visitor = { ...(await visitorOf(dependencies, request)), from: originOf(exchange) };
  const { connection, returnTo, failure, instead } = await vault.finish(slug, searchParams, visitor);
  const ended = { connection, returnTo, spent };
  return failure ? showFailure(dependencies, request, { ...ended, failure }) : showConnected(dependencies, request, { ...ended, instead });
}

/**
 * `response_mode=form_post`: the parameters come by a cross-site POST, which has no Lax cookies. The browser brings them again by GET.
 * Throws BAD_USER_INPUT for more than an address may hold.
 */
async function readFormPost({ publicUrl }: Dependencies, request: Request): Promise<Response> {
  const query = new URLSearchParams(await request.text()).toString();
  if (query.length > LONGEST_CALLBACK) throw badUserInput(({ refusals }) => refusals.longCallback(LONGEST_CALLBACK), "body");
  return redirectTo(`${publicUrl}${new URL(request.url).pathname}?${query}`);
}

/** A callback that names no attempt ends none, and its code is left alone: its user can only start. */
async function showStateless(dependencies: Dependencies, request: Request, slug: string, callback: URLSearchParams): Promise<Response> {
  const { vault, pages, publicUrl } = dependencies;
  const error = findCallbackError(callback);
  const providerStart = error ? null : vault.readProviderStart(slug, callback);
  if (providerStart) return askToStart(dependencies, request, slug, providerStart);
  const { nothingConnected: words, startAgain, back } = sentencesOf(request).pages;
  const why = error ? words.notGranted(shownCode(error.code)) : words.noAttempt;
  return renderPage(pages, request, {
    title: words.title,
    status: 400,
    body: html`<p role="alert">${why}</p>
      <a class="button" href="${publicUrl}/connect/${encodeURIComponent(slug)}">${startAgain}</a>
      <a class="quiet" href="${connectorUrlOf(publicUrl, slug)}">${back}</a>`,
  });
}

/** The provider may have started by itself, or another person may have written such a link: the user says whether to connect. */
async function askToStart(
  dependencies: Dependencies,
  request: Request,
  slug: string,
  { connectorName, fields }: ProviderStart,
): Promise<Response> {
  const { pages, publicUrl } = dependencies;
  const viewer = await pages.findViewer(request);
  if (!viewer) return askToSignIn(dependencies, request, slug);
  const { connect, ...words } = sentencesOf(request).pages;
  const body = html`<p>${connect.fromElsewhere} ${connect.onlyIfAsked(labelOf(viewer))}</p>
    ${fields.map(({ label, value, suffix }) => html`<p>${label}: ${value}${suffix ?? ""}</p>`)}
    <form method="post" action="/connect/${slug}">
      ${fields.map(({ name, value }) => html`<input type="hidden" name="${name}" value="${value}" />`)}<button>${words.continue}</button>
    </form>
    <a class="quiet" href="${connectorUrlOf(publicUrl, slug)}">${words.cancel}</a>`;
  return renderPage(pages, request, { title: connect.titleAs(connectorName, viewer.name ?? viewer.userId), body, hasForm: true });
}

/** For a browser without a session: the platform has to sign its user in, and is told to bring them back to the catalog. */
function askToSignIn({ pages, publicUrl, signInPath }: Dependencies, request: Request, slug: string): Promise<Response> {
  const page = pages.platform.loginRedirectUrl ?? signInPath;
  const url = page === null ? null : URL.parse(page, publicUrl);
  url?.searchParams.set("returnTo", connectorUrlOf(publicUrl, slug));
  const { signInFirst, signIn, back } = sentencesOf(request).pages;
  const body = html`<p>${signInFirst.text} ${url ? "" : signInFirst.advice(pages.platform.name)}</p>
    ${url ? html`<a class="button" href="${url.href}">${signIn}</a>` : ""}
    <a class="quiet" href="${connectorUrlOf(publicUrl, slug)}">${back}</a>`;
  return renderPage(pages, request, { title: signInFirst.title, status: 401, body });
}

/** The path of an error names a field by its place among those that were sent. */
function problemOf(request: Request, error: GatewayError, values: URLSearchParams): FormProblem {
  const { path } = error.facts;
  const [, index] = /^fields\.(\d+)(?:\.|$)/.exec(path ?? "") ?? [];
  return {
    message: sayFailure(failureOf(error), request),
    field: index === undefined ? null : ([...values.keys()][Number(index)] ?? null),
  };
}

interface ShownForm {
  started: StartedConnection;
  state: string;
  problem: GatewayError | null;
  values: URLSearchParams;
}

function showForm({ pages, publicUrl }: Dependencies, request: Request, form: ShownForm): Promise<Response> {
  const { pages: words } = sentencesOf(request);
  const { name, slug } = form.started.connector;
  return renderPage(pages, request, {
    title: words.connect.title(name),
    status: form.problem ? httpStatusOf[form.problem.code] : 200,
    hasForm: true,
    body: renderForm({
      ...form,
      words,
      back: connectorUrlOf(publicUrl, slug),
      problem: form.problem && problemOf(request, form.problem, form.values),
    }),
  });
}

const visitorOf = async ({ bindings, pages }: Pick<Dependencies, "bindings" | "pages">, request: Request): Promise<Visitor> => ({
  browser: (stateHash) => bindings.find(request, stateHash),
  userId: (await pages.findViewer(request))?.userId ?? null,
});

/**
 * Whether the user came by themselves or from one of the platform's pages, as browsers tell (Fetch Metadata, `Referer`). A neighbour on
 * the same site is not the platform: under `github.io` it is another customer. Browsers that send no Fetch Metadata are believed.
 */
function isWanted(request: Request, origins: OriginCheck): boolean {
  const site = request.headers.get("sec-fetch-site");
  if (site === null || site === "same-origin" || site === "none") return true;
  const referrer = URL.parse(request.headers.get("referer") ?? "");
  return referrer !== null && origins.isValid(referrer.origin);
}

function parseState(parameters: URLSearchParams): string {
  const state = stateSchema.safeParse(parameters.get("state"));
  if (!state.success) throw notFound(({ refusals }) => refusals.linkUnknown);
  return state.data;
}

const parse = <Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> => parseInput(schema, value, "The request");
