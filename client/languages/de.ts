/** Every sentence that an end user reads, in German. `en.ts` says what each one is for. */
import type * as en from "./en.ts";

const again = "Versuchen Sie es gleich noch einmal.";
const tellOperator = "Wenn es weiterhin nicht klappt, wenden Sie sich an den Betreiber dieser App.";

export const catalog: typeof en.catalog = {
  appName: "Diese App",
  cancel: "Abbrechen",
  status: {
    connected: "Verbunden",
    attention: "Ihr Eingreifen ist nötig",
    misconfigured: "Funktioniert gerade nicht",
    unavailable: "Gerade nicht verfügbar",
    pending: "Wird verbunden …",
    none: "Nicht verbunden",
    connectedAs: (account) => `Verbunden als ${account}`,
    accountsConnected: (count) => `${count} Konten verbunden`,
  },
  connecting: {
    connected: (name) => `${name} ist verbunden.`,
  },
  disconnecting: {
    title: (account) => `${account} trennen?`,
    consequence: (app, name) =>
      `${app} verliert sofort den Zugriff auf ${name}. Was darauf angewiesen ist, funktioniert dann nicht mehr. Sie können die Verbindung jederzeit neu herstellen.`,
    teamConsequence: "Diese Verbindung gehört Ihrem Team: Sie wird für alle im Team getrennt.",
    disconnect: "Trennen",
    disconnected: (name) => `${name} ist getrennt.`,
  },
  deviceCode: {
    title: (name) => `${name} verbinden`,
    check: "Prüfen Sie, ob die Seite, die sich öffnet, diesen Code zeigt.",
    enter: (page) => `Geben Sie diesen Code auf ${page} ein.`,
    validUntil: (time) => `Er gilt bis ${time} Uhr.`,
    open: (page) => `${page} öffnen`,
    waiting: "Warten auf Ihre Eingabe …",
  },
  form: {
    title: (name) => `${name} verbinden`,
    optional: "(optional)",
    none: "Keine Angabe",
    choose: "Bitte wählen …",
  },
  offline: {
    title: "Sie sind offline.",
    advice: "Was Sie sehen, ist möglicherweise veraltet. Es wird aktualisiert, sobald Sie wieder online sind.",
  },
  defect: {
    title: "Etwas ist schiefgelaufen.",
    advice: `Laden Sie die Seite neu. ${tellOperator}`,
    reload: "Neu laden",
    partMissing: "Ein Teil dieser Seite konnte nicht geladen werden. Laden Sie die Seite neu.",
  },
  since: (time) => `Seit ${time}.`,
  problems: {
    cancelled: (name) => ({
      title: `${name} wurde nicht verbunden.`,
      advice: "Es hat sich nichts geändert. Sie können die Verbindung jederzeit herstellen.",
    }),
    notConnected: (name) => ({ title: `${name} konnte nicht verbunden werden.`, advice: `Versuchen Sie es noch einmal. ${tellOperator}` }),
    unknown: () => ({ title: "Etwas ist schiefgelaufen.", advice: `Versuchen Sie es noch einmal. ${tellOperator}` }),
    byCode: {
      NETWORK: () => ({
        title: "Der Server antwortet nicht.",
        advice: "Prüfen Sie Ihre Internetverbindung und versuchen Sie es noch einmal.",
      }),
      UNAUTHENTICATED: () => ({ title: "Sie sind nicht mehr angemeldet.", advice: "Melden Sie sich neu an, um fortzufahren." }),
      FORBIDDEN: () => ({
        title: "Dazu sind Sie nicht berechtigt.",
        advice: "Fragen Sie jemanden, der dazu berechtigt ist, oder melden Sie sich mit einem anderen Konto an.",
      }),
      NOT_FOUND: () => ({ title: "Das gibt es nicht mehr.", advice: "Laden Sie die Seite neu, um den aktuellen Stand zu sehen." }),
      RATE_LIMITED: () => ({ title: "Zu viele Anfragen.", advice: again }),
      TEMPORARILY_UNAVAILABLE: (name) => ({ title: `${name} ist gerade nicht verfügbar.`, advice: again }),
      UPSTREAM_UNAVAILABLE: () => ({ title: "Ein Teil dieses Dienstes ist gerade nicht verfügbar.", advice: again }),
      CONNECTOR_MISCONFIGURED: (name) => ({
        title: `${name} akzeptiert die Zugangsdaten dieser App nicht.`,
        advice: "Das kann nur der Betreiber dieser App beheben. Bitte wenden Sie sich an ihn.",
      }),
      INTERNAL: () => ({ title: "Bei uns ist etwas schiefgelaufen.", advice: `${again} ${tellOperator}` }),
      BAD_USER_INPUT: () => ({
        title: "Das wurde nicht akzeptiert.",
        advice: "Korrigieren Sie, was die Meldung nennt, und versuchen Sie es noch einmal.",
      }),
    },
  },
};

export const hosted: typeof en.hosted = {
  title: "Integrationen",
  needsScript: "Diese Seite braucht JavaScript, um Ihre Konten zu verbinden.",
};
