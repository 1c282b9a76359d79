import type { IncomingMessage, ServerResponse } from "node:http";
import { demoAccounts, findAccount } from "./accounts.ts";
import { demoClient, demoPaths } from "./configuration.ts";
import { readForm, seeOther, sendPage } from "./http.ts";
import type { OidcProvider } from "./load.ts";
import { consentPage, errorPage, loginPage } from "./pages.ts";

type Interaction = Awaited<ReturnType<OidcProvider["interactionDetails"]>>;

interface Step {
  readonly provider: OidcProvider;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly interaction: Interaction;
}

/** Answers `/interaction/:uid`: GET shows the page that oidc-provider asks for, POST takes its form. */
export async function answerInteraction(provider: OidcProvider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const interaction = await provider.interactionDetails(request, response).catch(() => null);
  if (interaction === null)
    return sendPage(response, 400, errorPage("This sign-in has expired: start again in the application you came from."));
  const step = { provider, request, response, interaction };
  return request.method === "POST" ? takeForm(step, await readForm(request)) : showPage(step);
}

function showPage({ response, interaction }: Step): void {
  const action = `/interaction/${interaction.uid}`;
  const account = findAccount(interaction.session?.accountId);
  const html =
    interaction.prompt.name === "consent" && account !== null
      ? consentPage(action, demoClient.name, account, scopesOf(interaction))
      : loginPage(action, demoClient.name, demoAccounts);
  sendPage(response, 200, html);
}

async function takeForm(step: Step, form: URLSearchParams): Promise<void> {
  const account = findAccount(form.get("account") ?? undefined);
  if (step.interaction.prompt.name === "login" && account !== null) return finish(step, { login: { accountId: account.id } });
  switch (form.get("decision")) {
    case "allow":
      return allow(step);
    case "deny":
      return finish(step, { error: "access_denied", error_description: "The account's owner said no." });
    case "switch":
      return switchAccount(step);
    default:
      return showPage(step);
  }
}

/** Every consent makes a grant of its own, so that revoking one connection leaves the others alone. */
async function allow(step: Step): Promise<void> {
  const { provider, interaction } = step;
  const accountId = interaction.session?.accountId;
  if (interaction.prompt.name !== "consent" || accountId === undefined) return showPage(step);
  const grant = new provider.Grant({ accountId, clientId: demoClient.id });
  grant.addOIDCScope(scopesOf(interaction).join(" "));
  return finish(step, { consent: { grantId: await grant.save() } });
}

function finish({ provider, request, response }: Step, result: Parameters<OidcProvider["interactionFinished"]>[2]): Promise<void> {
  return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
}

/** Forgets who is signed in and begins the same authorization request again. */
function switchAccount({ provider, response, interaction }: Step): void {
  const params = Object.entries(interaction.params).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : []));
  response.appendHeader("set-cookie", `${provider.cookieName("session")}=; path=/; max-age=0; httponly`);
  seeOther(response, `${demoPaths.authorization}?${new URLSearchParams(params)}`);
}

function scopesOf({ params }: Interaction): string[] {
  return typeof params["scope"] === "string" ? params["scope"].split(" ") : [];
}
