/** The pages on which connecting ends. */
import { html } from "hono/html";
import { sentencesOf } from "../http/language.ts";
import { toSentence, translateProblem } from "../../schema/problems.ts";
import type { Connection } from "../../schema/upstream.ts";
import type { OriginCheck } from "../http/web-origin.ts";
import { type ConnectingFailure, describeFailure } from "../vault/connecting-failure.ts";
import { type Pages, redirectTo, renderPage } from "./page.ts";

interface Dependencies {
  pages: Pages;
  publicUrl: string;
  origins: OriginCheck;
}

/** What has ended. */
interface Ended {
  connection: Connection;
  returnTo: string | null;
  /** The `Set-Cookie` header that ends what bound it to the browser. */
  spent?: string;
}

/**
 * Leads to where the user came from, if that is known.
 * @param instead the connection that it was started for, where the user came back with another account
 */
export async function showConnected(
  dependencies: Dependencies,
  request: Request,
  { connection, returnTo, spent, instead = null, status = 200 }: Ended & { instead?: Connection | null; status?: number },
): Promise<Response> {
  const { slug, name, markUrl } = connection.connector;
  if (returnTo) return redirectTo(destinationOf(dependencies, returnTo, slug), spent === undefined ? [] : [spent]);
  const label = connection.authorization?.displayLabel;
  const before = instead?.authorization?.displayLabel;
  const { connected: words, ...pages } = sentencesOf(request).pages;
  const body = html`<div class="centered" role="status">
      ${label ? html`<p>${words.as(label)}</p>` : ""}
      ${instead ? html`<p>${before ? words.otherAccount(before) : words.otherAccountUnnamed}</p>` : ""}
      <p>${words.next(dependencies.pages.platform.name)}</p>
    </div>
    <a class="button" href="${destinationOf(dependencies, null, slug)}">${pages.continue}</a>`;
  const connected = { slug, name, markUrl };
  return renderPage(dependencies.pages, request, { title: words.title(name), status, connected, body, headers: cookieHeaders(spent) });
}

/** Says why it failed, and offers to start again. */
export function showFailure(
  dependencies: Dependencies,
  request: Request,
  { connection, returnTo, spent, failure }: Ended & { failure: ConnectingFailure },
): Promise<Response> {
  const { id, enabled, connector } = connection;
  const { name, slug } = connector;
  const { pages, publicUrl } = dependencies;
  const again = `${publicUrl}/connect/${slug}?${new URLSearchParams({ id, ...(returnTo && { returnTo }) })}`;
  const sentences = sentencesOf(request);
  const { notConnected, tryAgain, back } = sentences.pages;
  const problem = translateProblem(describeFailure(name, failure), sentences.problems);
  const body = html`<p role="${problem.isAlarm ? "alert" : "status"}">${toSentence(problem)}</p>
    ${enabled ? html`<p>${notConnected.stays}</p>` : ""}
    <a class="button" href="${again}">${tryAgain}</a>
    <a class="quiet" href="${destinationOf(dependencies, returnTo, slug)}">${back}</a>`;
  return renderPage(pages, request, {
    title: enabled ? notConnected.titleReconnect(name) : notConnected.title(name),
    status: 400,
    body,
    headers: cookieHeaders(spent),
  });
}

const cookieHeaders = (cookie: string | undefined): Record<string, string> => (cookie === undefined ? {} : { "set-cookie": cookie });

/** Judged again: the configuration or the rule may be another one than when this was started. */
export function destinationOf({ publicUrl, origins }: Omit<Dependencies, "pages">, returnTo: string | null, slug: string): string {
  return new URL(returnTo !== null && origins.isValidReturnTo(returnTo) ? returnTo : `/connectors/${slug}`, publicUrl).href;
}
