/**
 * Every sentence that an end user reads, in English. The catalog loads the first part only; the gateway uses the others.
 *
 * A sentence is a text, or a function of what it names. `de.ts` has the same ones, which the compiler checks.
 */

const again = "Try again in a moment.";
const tellOperator = "If it keeps failing, tell the people who run this app.";

/** The catalog, hosted or embedded. */
export const catalog = {
  appName: "This app",
  cancel: "Cancel",
  status: {
    connected: "Connected",
    attention: "Needs attention",
    misconfigured: "Does not work right now",
    unavailable: "Not available right now",
    pending: "Connecting…",
    none: "Not connected",
    connectedAs: (account: string) => `Connected as ${account}`,
    accountsConnected: (count: number) => `${count} accounts connected`,
  },
  connecting: {
    connected: (name: string) => `${name} is connected.`,
  },
  disconnecting: {
    title: (account: string) => `Disconnect ${account}?`,
    consequence: (app: string, name: string) =>
      `${app} loses its access to ${name} at once, and what depends on it stops working. You can connect again at any time.`,
    teamConsequence: "This is your team's connection: it ends for everyone in the team.",
    disconnect: "Disconnect",
    disconnected: (name: string) => `${name} is disconnected.`,
  },
  deviceCode: {
    title: (name: string) => `Connect ${name}`,
    check: "Check that the page that opens shows this code.",
    enter: (page: string) => `Enter this code at ${page}.`,
    validUntil: (time: string) => `It works until ${time}.`,
    open: (page: string) => `Open ${page}`,
    waiting: "Waiting for you there…",
  },
  form: {
    title: (name: string) => `Connect ${name}`,
    optional: "(optional)",
    none: "None",
    choose: "Choose…",
  },
  offline: {
    title: "You are offline.",
    advice: "What you see may be out of date. It updates when you are online again.",
  },
  defect: {
    title: "Something went wrong.",
    advice: `Reload the page. ${tellOperator}`,
    reload: "Reload",
    partMissing: "Part of this page could not be loaded. Reload it to try again.",
  },
  since: (time: string) => `Since ${time}.`,
  /** What was asked or done and failed; `name` is what it was about. */
  problems: {
    cancelled: (name: string) => ({
      title: `${name} was not connected.`,
      advice: "Nothing has changed. Connect again when you are ready.",
    }),
    notConnected: (name: string) => ({ title: `${name} could not be connected.`, advice: `Try to connect again. ${tellOperator}` }),
    unknown: () => ({ title: "Something went wrong.", advice: `Try again. ${tellOperator}` }),
    byCode: {
      NETWORK: () => ({ title: "The server does not answer.", advice: "Check that you are online, then try again." }),
      UNAUTHENTICATED: () => ({ title: "You are no longer signed in.", advice: "Sign in again to continue." }),
      FORBIDDEN: () => ({ title: "You may not do this.", advice: "Ask someone who may, or sign in as another user." }),
      NOT_FOUND: () => ({ title: "That is no longer there.", advice: "Reload the page to see what is." }),
      RATE_LIMITED: () => ({ title: "Too many requests.", advice: again }),
      TEMPORARILY_UNAVAILABLE: (name: string) => ({ title: `${name} is not available right now.`, advice: again }),
      UPSTREAM_UNAVAILABLE: () => ({ title: "Part of this service is not available right now.", advice: again }),
      CONNECTOR_MISCONFIGURED: (name: string) => ({
        title: `${name} does not accept this app's credentials.`,
        advice: "Only the people who run this app can fix this. Please tell them.",
      }),
      INTERNAL: () => ({ title: "Something went wrong on our side.", advice: `${again} ${tellOperator}` }),
      BAD_USER_INPUT: () => ({ title: "That was not accepted.", advice: "Correct what the message names, then try again." }),
    },
  },
};

/** The document of the hosted catalog, before its script runs. */
export const hosted = {
  title: "Integrations",
  needsScript: "This page needs JavaScript to connect your accounts.",
};
