/**
 * Every sentence that an end user reads, in English. The catalog loads the first part only.
 *
 * A sentence is a text, or a function of what it names. `de.ts` has the same ones, which the compiler checks.
 */

import type { StandardScope } from "./standard-scopes.ts";

const again = "Try again in a moment.";
const tellOperator = "If it keeps failing, tell the people who run this app.";
const onlyOperator = "Only the people who run this app can fix this. Please tell them.";
const connectAgain = `Try to connect again. ${tellOperator}`;

/** The catalog, hosted or embedded. */
export const catalog = {
  appName: "This app",
  cancel: "Cancel",
  tryAgain: "Try again",
  dismiss: "Dismiss",
  close: "Close",
  connect: "Connect",
  reconnect: "Reconnect",
  /** The page around the catalog. */
  page: {
    skip: "Skip to the content",
    backTo: (app: string) => `Back to ${app}`,
    done: "All done",
    closeWindow: "You can close this window.",
  },
  viewer: {
    signedInAs: "Signed in as",
    team: (group: string) => `Team ${group}`,
    signOut: "Sign out",
  },
  signIn: {
    signIn: "Sign in",
    there: (app: string) => `You sign in at ${app} and come back here.`,
    openFirst: (app: string) => `Open ${app}, sign in there, and come back.`,
  },
  list: {
    title: "Integrations",
    subtitle: (app: string) => `Connect ${app} with the tools you already use.`,
    theCatalog: "The catalog",
    loading: "Loading the integrations",
    signIn: "Sign in to connect, and to see what is connected.",
    attention: (count: number) => (count === 1 ? "An integration needs your attention." : `${count} integrations need your attention.`),
    show: "Show",
    search: "Search",
    searchLabel: "Search integrations",
    filter: "Filter",
    all: "All",
    connected: "Connected",
    needsAttention: "Needs attention",
    groups: { attention: "Needs attention", connected: "Connected", available: "Available" },
    found: (count: number) => `${count} found`,
    nothingOffered: "Nothing to connect yet.",
    nothingOfferedAdvice: (app: string) => `When ${app} offers an integration, you find it here.`,
    nothingFound: (search: string) => `Nothing found for “${search}”.`,
    nothingFiltered: "Nothing here.",
    nothingFoundAdvice: "Try another word, a shorter one, or another filter.",
    showAll: "Show all",
  },
  categories: {
    AI: "AI",
    CALENDAR: "Calendar",
    COMMERCE: "Commerce",
    COMMUNICATION: "Communication",
    DATA: "Data",
    DESIGN: "Design",
    DEVELOPMENT: "Development",
    EDUCATION: "Education",
    FILES: "Files",
    FINANCE: "Finance",
    GAMES: "Games",
    HEALTH: "Health",
    MARKETING: "Marketing",
    MEDIA: "Media",
    PEOPLE: "People",
    PRODUCTIVITY: "Productivity",
    PROJECTS: "Projects",
    SALES: "Sales",
    SOCIAL: "Social",
    SUPPORT: "Support",
  },
  connector: {
    breadcrumb: "Breadcrumb",
    all: "All integrations",
    backTo: (host: string | null) => (host === null ? "Back to where you were" : `Back to ${host}`),
    heading: "Integration",
    loading: "Loading the integration",
    unknownTitle: "Unknown integration",
    unknown: "There is no such integration.",
    unknownAdvice: "It may have been renamed, or is no longer offered.",
    connect: (name: string) => `Connect ${name}`,
    signIn: (name: string) => `Sign in to connect ${name}.`,
    accounts: (count: number, isTeams: boolean) => `${isTeams ? "Your team's" : "Your"} ${count > 1 ? "accounts" : "account"}`,
    addAnother: "Add another",
    about: (name: string) => `About ${name}`,
    teams: "What you connect here is your team's: each member can use it and end it.",
  },
  connection: {
    you: "you",
    anotherMember: "another member of your team",
    connected: (by: string | null, date: string | null) => ["connected", by && `by ${by}`, date && `on ${date}`].filter(Boolean).join(" "),
    missing: "Some permissions are missing.",
    missingAdvice: "Parts of the app may not work until you reconnect and allow them.",
    asksMore: "The app asks for more permissions.",
    asksMoreAdvice: "Reconnect to allow them. What you have allowed before stays allowed.",
    permissions: "Permissions",
    access: "Access",
    untilDisconnected: "Until it is disconnected.",
  },
  permissions: {
    asks: (app: string, name: string) => `${app} asks ${name} for permission to:`,
    asksNothing: (app: string, name: string) => `Connect ${name} to use it in ${app}.`,
    unnamed: (count: number, isMore: boolean) =>
      isMore ? (count === 1 ? "1 more permission" : `${count} more permissions`) : count === 1 ? "1 permission" : `${count} permissions`,
    details: "Details",
    never: (app: string, name: string) => `${app} never sees your ${name} password, and gets nothing else without asking you first.`,
    onlyGiven: (app: string) => `${app} gets only what you enter or allow, and nothing else without asking you first.`,
    end: "You can disconnect at any time.",
    privacy: (app: string) => `How ${app} handles your data`,
  },
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
    title: (name: string) => `Connect ${name}`,
    goOn: (name: string) => `Continue to ${name}`,
    window: "Continue in the window that has opened.",
    blocked: "Your browser has blocked the window. Open it by this link.",
    openTab: "Open in a new tab",
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
    outdated: () => ({ title: "The gateway is too old for this app.", advice: onlyOperator }),
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
        advice: onlyOperator,
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

/** The gateway's own pages: what is on the way to a provider and back. */
export const pages = {
  signedOut: "Signed out",
  signIn: "Sign in",
  continue: "Continue",
  cancel: "Cancel",
  back: "Back",
  tryAgain: "Try again",
  startAgain: "Start again",
  toCatalog: "All integrations",
  /** Above a failure that has no heading of its own. */
  failed: "Something went wrong",
  signInFirst: {
    title: "Sign in first",
    text: "You are not signed in in this browser.",
    advice: (app: string) => `Open ${app}, sign in there, and come back.`,
  },
  connect: {
    title: (name: string) => `Connect ${name}`,
    titleAs: (name: string, user: string) => `Connect ${name} as ${user}?`,
    titleAsUser: (user: string) => `Connect as ${user}?`,
    fromElsewhere: "Another site sent you here.",
    onlyIfAsked: (user: string) => `Continue only if you asked for this just now, and are ${user}.`,
    willBeSignedOut: (user: string) => `${user} is signed in in this browser, and will be signed out here.`,
  },
  switchUser: {
    title: (user: string) => `Continue as ${user}?`,
    agree: (user: string) => `Continue as ${user}`,
    otherwise: "Otherwise close this window.",
  },
  connected: {
    title: (name: string) => `${name} is connected`,
    as: (account: string) => `Connected as ${account}.`,
    otherAccount: (before: string) => `This is a different account than before. ${before} stays connected.`,
    otherAccountUnnamed: "This is a different account than before. The other one stays connected.",
    next: (app: string) => `${app} can now use this connection. You can close this page, or continue.`,
  },
  notConnected: {
    title: (name: string) => `${name} is not connected`,
    titleReconnect: (name: string) => `${name} was not reconnected`,
    stays: "Your existing connection still works.",
  },
  nothingConnected: {
    title: "Nothing was connected",
    notGranted: (code: string) => `Access was not granted at the provider${code}.`,
    noAttempt: "The provider did not say which attempt to connect this belongs to.",
  },
  deviceCode: {
    check: "Check that the page that opens shows this code.",
    enter: (page: string) => `Enter this code at ${page}.`,
    worksFor: (minutes: number) => (minutes === 1 ? "It works for one minute." : `It works for ${minutes} minutes.`),
    open: (page: string) => `Open ${page}`,
    continues: "This page continues when you are done there.",
    done: "I am done",
  },
  form: {
    optional: "(optional)",
    none: "None",
    choose: "Choose…",
    save: "Save",
  },
  popup: {
    connecting: "Connecting",
    wait: "One moment…",
    connected: "Connected",
    close: "You can close this window.",
    lost: "The connection to the server was lost. Try again.",
    ofAnotherPage: "This window belongs to another page. Close it, and connect from there.",
    unknownConnector: "There is no such integration.",
    hiddenOrigin: "This window was not opened by one of the app's pages, or that page hides its origin (Referrer-Policy: no-referrer).",
    tooOld:
      "The xkit.js of the page that opened this window is too old: it does not name that page's origin, and neither does the browser. The people who run the app have to update @xkit-co/xkit.js.",
    foreignOrigin: (origin: string) =>
      `${origin} is not one of the platform's web origins. Add it to web_origins in the gateway's configuration, and connect again.`,
    foreignPage:
      "The page that opened this window is not one of the platform's web origins. Add it to web_origins in the gateway's configuration, and connect again.",
  },
  /** Failures by their code, for a reader whose language the message of an error is not in. */
  byCode: {
    UNAUTHENTICATED: "You are not signed in. Sign in and try again.",
    FORBIDDEN: "You may not do this.",
    NOT_FOUND: "There is nothing here.",
    BAD_USER_INPUT: "What was sent is not valid.",
    RATE_LIMITED: "Too many requests. Try again later.",
    TEMPORARILY_UNAVAILABLE: "This is not available right now. Try again in a moment.",
    CONNECTOR_MISCONFIGURED: "This integration is not set up correctly. Please tell the people who run this app.",
    UPSTREAM_UNAVAILABLE: "Part of this service is not available right now. Try again in a moment.",
    INTERNAL: "Something went wrong on our side. Try again in a moment.",
  },
};

/** What scopes allow that are the same at every provider. */
export const standardScopes: Record<StandardScope, string> = {
  openid: "Know who you are at the provider",
  profile: "See your name and your picture",
  email: "See your email address",
  address: "See your postal address",
  phone: "See your phone number",
  offline_access: "Keep working while you are away",
};

/** Why the gateway refuses what an end user does. */
export const refusals = {
  foreignForm: "This form was sent from another site. Start again.",
  foreignSignOut: "This form was sent from another site. Sign out from here.",
  linkExpired: "This link has expired. Start again.",
  linkExpiredOrUsed: "This link has expired or was opened before. Start again.",
  linkUnknown: "This link was not made here. Start again.",
  badLink: "This link is not valid. Start again.",
  linkUsed: "This link was already used. If connecting did not succeed, start again.",
  linkOfAnother: (user: string) => `${user} is signed in here, and this link is for another user.`,
  userGone: "This user no longer exists. Sign in again.",
  waitedTooLong: "This window waited too long, or was used before. Close it, and try again.",
  openedTwice: "This window waited too long, or was opened twice. Try again.",
  otherBrowser: "Connecting was started in another browser, or this one blocks cookies. Start again from here.",
  otherUser: "Connecting was started by another user. Start again.",
  removed: "The connection was removed in the meantime. Start again.",
  groupChanged: "Your group has changed since connecting was started. Start again.",
  disabled: (name: string) =>
    `This ${name} connection was disabled. Only the people who run this app can enable it again. Please ask them.`,
  unknownConnector: (slug: string) => `There is no connector "${slug}" in this platform's catalog.`,
  noWayBack: "This connector has no provider to come back from.",
  unsigned: (name: string) => `${name} has not signed this address, or it was changed on the way. Start again.`,
  tooManyAttempts: (name: string, count: number) =>
    `Connecting ${name} was started ${count} times already. Finish one of them, or try again later.`,
  storeAway: "This gateway's store is away. Connecting continues by itself once it is back.",
  longCallback: (characters: number) => `The provider sent more than ${characters} characters.`,
  nothingHere: "There is nothing at this address.",
  tooMany: (what: string, seconds: number) => `Too many ${what}: try again in ${seconds} s.`,
  internal: (id: string) => `Something went wrong here, not with your request. Tell the operator this id: ${id}`,
  fieldUnknown: (name: string, field: string) => `${name} asks for no field "${field}".`,
  fieldTwice: (name: string, field: string) => `${name} asks for no second field "${field}".`,
  fieldMissing: (label: string) => `${label} is missing.`,
  fieldEmpty: (label: string) => `${label} must not be empty.`,
  fieldWithColon: (label: string) => `${label} must not contain a colon.`,
  fieldWithOddCharacter: (label: string) => `${label} contains a character that no key has. Copy it again.`,
  fieldOfOtherForm: (label: string) => `${label} does not have the form that the provider expects.`,
  fieldNotListed: (label: string, values: string) => `${label} must be one of ${values}.`,
  fieldNotBefore: (label: string, end: string) => `${label} must be the name before ${end}, or the whole address.`,
  fieldNotOneName: (label: string) => `${label} must be a single name: letters, digits and -.`,
  fieldNotHost: (label: string) => `${label} must be the name of a public host, without a port.`,
  notAccepted: (name: string) => `${name} does not accept what you entered. Check it, and enter it again.`,
  notChecked: (name: string) => `${name} could not check what you entered just now. Enter it again in a moment.`,
  privateKeyUnreadable: "The private key cannot be read. Enter all of it, from its first line to its last.",
};

/** What is wrong with a connection or an attempt to connect, by what `schema/problems.ts` makes of a code. `name` is the connector's. */
export const problems = {
  triesByItself: "It is tried again automatically. There is nothing to do.",
  notGranted: (name: string) => ({
    title: `Access to ${name} was not granted.`,
    advice: "Nothing has changed. Connect again when you want to. If you may not approve it, ask your administrator to.",
  }),
  notGrantedWithCode: (name: string, code: string) => ({ title: `Access to ${name} was not granted${code}.`, advice: connectAgain }),
  notConnected: (name: string) => ({ title: `${name} could not be connected.`, advice: connectAgain }),
  unavailable: (name: string) => ({ title: `${name} is not available right now.`, advice: again }),
  serverError: (name: string) => ({ title: `${name} has a problem of its own right now.`, advice: again }),
  wrongCredentials: (name: string) => ({ title: `${name} does not accept this app's credentials.`, advice: onlyOperator }),
  wrongRequest: (name: string) => ({ title: `${name} does not accept how this app connects to it.`, advice: onlyOperator }),
  notAllowed: (name: string) => ({ title: `${name} does not allow this app to connect.`, advice: onlyOperator }),
  unknownPermission: (name: string) => ({ title: `${name} does not know a permission that was asked for.`, advice: onlyOperator }),
  unreadable: (name: string) => ({ title: `This app cannot read what it has stored for ${name}.`, advice: onlyOperator }),
  disabled: (name: string) => ({
    title: `This ${name} connection was disabled.`,
    advice: "Only the people who run this app can enable it again. Please ask them.",
  }),
  revoked: (name: string) => ({
    title: `${name} no longer accepts this connection.`,
    advice: "It may have been revoked, or a password changed. Reconnect to continue.",
  }),
  restoredBackup: (name: string) => ({
    title: `${name} no longer accepts this connection.`,
    advice: "This app was restored from a backup, and the connection has changed since. Reconnect to continue.",
  }),
  clientChanged: (name: string) => ({ title: `This app has changed how it connects to ${name}.`, advice: "Reconnect to continue." }),
  expired: (name: string) => ({
    title: `The access to ${name} has ended.`,
    advice: `${name} gives it for a limited time. Reconnect to continue.`,
  }),
  loginRequired: (name: string) => ({ title: `You were not signed in to ${name}.`, advice: "Sign in there, then connect again." }),
  accountChoice: (name: string) => ({ title: `${name} needs to know which account.`, advice: "Connect again and choose one." }),
  consentRequired: (name: string) => ({ title: `${name} needs your consent.`, advice: "Connect again and approve the request." }),
  interactionRequired: (name: string) => ({
    title: `${name} needs something from you first.`,
    advice: "Connect again and follow its steps.",
  }),
  deviceCodeExpired: (name: string) => ({ title: `The code for ${name} was not entered in time.`, advice: "Get a new code to continue." }),
  otherAccount: (name: string, accounts: { actual: string; expected: string } | null) => ({
    title: `That was another ${name} account than before${accounts ? `: ${accounts.actual}, not ${accounts.expected}` : ""}.`,
    advice: "Reconnect with the account you used, or disconnect first to use another one.",
  }),
  accountUnknown: (name: string) => ({
    title: `${name} did not say whose account this is.`,
    advice: "Nothing has changed. Connect again to try once more.",
  }),
  accountInUse: (name: string) => ({
    title: `This ${name} account is already connected elsewhere in this app.`,
    advice: "It can be connected in one place at a time. Disconnect it there first, or connect another account.",
  }),
  disconnected: (name: string) => ({
    title: `${name} was disconnected while it was being connected.`,
    advice: "Connect again if that was not intended.",
  }),
  moved: (name: string) => ({
    title: `Your group changed while ${name} was being connected.`,
    advice: "Connect again: it will be your current group's.",
  }),
  foreignAnswer: (name: string) => ({
    title: `The answer from ${name} did not belong to this attempt.`,
    advice: "Connect again from here, and finish in the same browser.",
  }),
  internal: () => ({ title: "Something went wrong on our side.", advice: `${again} ${tellOperator}` }),
  interrupted: (name: string) => ({ title: `Connecting ${name} was interrupted.`, advice: "Connect again." }),
};

/** What a program that acts for the user asks and says: an agent's client shows it, and its model reads it. */
export const agent = {
  NotConnected: (name: string) => `Connect your ${name} account to go on.`,
  ReconnectRequired: (name: string) => `Your ${name} account has to be connected again.`,
  ScopesMissing: (name: string) => `Allow more with your ${name} account to go on.`,
  TemporarilyUnavailable: (name: string, seconds: number) => `${name} cannot be used right now. Try again in ${seconds} s.`,
  MinimumTtlUnavailable: (name: string, seconds: number) => `No ${name} token can be had that lives that long: ${seconds} s are the most.`,
  TokenWithheld: (name: string) => `Your team's ${name} token is only given to the app's own server.`,
  ConnectorMisconfigured: (name: string) => `${name} is not set up correctly. ${onlyOperator}`,
  open: (message: string, url: string) => `${message} Open ${url}`,
  declined: (name: string) => `${name} was not connected, as you declined.`,
  unfinished: (name: string, url: string) => `${name} is not connected yet. Finish at ${url}, then try again.`,
};
