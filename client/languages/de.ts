/** Every sentence that an end user reads, in German. `en.ts` says what each one is for. */
import type * as en from "./en.ts";

const again = "Versuchen Sie es gleich noch einmal.";
const tellOperator = "Wenn es weiterhin nicht klappt, wenden Sie sich an den Betreiber dieser App.";
const onlyOperator = "Das kann nur der Betreiber dieser App beheben. Bitte wenden Sie sich an ihn.";
const connectAgain = `Versuchen Sie es noch einmal. ${tellOperator}`;

export const catalog: typeof en.catalog = {
  appName: "Diese App",
  cancel: "Abbrechen",
  tryAgain: "Erneut versuchen",
  dismiss: "Ausblenden",
  close: "Schließen",
  connect: "Verbinden",
  reconnect: "Neu verbinden",
  page: {
    skip: "Zum Inhalt springen",
    backTo: (app) => `Zurück zu ${app}`,
    done: "Fertig",
    closeWindow: "Sie können dieses Fenster schließen.",
  },
  viewer: {
    signedInAs: "Angemeldet als",
    team: (group) => `Team ${group}`,
    signOut: "Abmelden",
  },
  signIn: {
    signIn: "Anmelden",
    there: (app) => `Sie melden sich bei ${app} an und kommen hierher zurück.`,
    openFirst: (app) => `Öffnen Sie ${app}, melden Sie sich dort an und kommen Sie zurück.`,
  },
  list: {
    title: "Integrationen",
    subtitle: (app) => `Verbinden Sie ${app} mit den Werkzeugen, die Sie schon nutzen.`,
    theCatalog: "Der Katalog",
    loading: "Integrationen werden geladen",
    signIn: "Melden Sie sich an, um zu verbinden und zu sehen, was verbunden ist.",
    attention: (count) =>
      count === 1 ? "Eine Integration braucht Ihre Aufmerksamkeit." : `${count} Integrationen brauchen Ihre Aufmerksamkeit.`,
    show: "Anzeigen",
    search: "Suchen",
    searchLabel: "Integrationen durchsuchen",
    filter: "Filter",
    all: "Alle",
    connected: "Verbunden",
    needsAttention: "Aufmerksamkeit nötig",
    groups: { attention: "Aufmerksamkeit nötig", connected: "Verbunden", available: "Verfügbar" },
    found: (count) => `${count} gefunden`,
    nothingOffered: "Noch nichts zu verbinden.",
    nothingOfferedAdvice: (app) => `Sobald ${app} eine Integration anbietet, finden Sie sie hier.`,
    nothingFound: (search) => `Nichts gefunden für „${search}“.`,
    nothingFiltered: "Hier ist nichts.",
    nothingFoundAdvice: "Versuchen Sie ein anderes oder kürzeres Wort oder einen anderen Filter.",
    showAll: "Alle anzeigen",
  },
  categories: {
    AI: "KI",
    CALENDAR: "Kalender",
    COMMERCE: "Handel",
    COMMUNICATION: "Kommunikation",
    DATA: "Daten",
    DESIGN: "Design",
    DEVELOPMENT: "Entwicklung",
    EDUCATION: "Bildung",
    FILES: "Dateien",
    FINANCE: "Finanzen",
    GAMES: "Spiele",
    HEALTH: "Gesundheit",
    MARKETING: "Marketing",
    MEDIA: "Medien",
    PEOPLE: "Personal",
    PRODUCTIVITY: "Produktivität",
    PROJECTS: "Projekte",
    SALES: "Vertrieb",
    SOCIAL: "Soziale Netze",
    SUPPORT: "Kundendienst",
  },
  connector: {
    breadcrumb: "Navigationspfad",
    all: "Alle Integrationen",
    backTo: (host) => (host === null ? "Dorthin zurück, wo Sie waren" : `Zurück zu ${host}`),
    heading: "Integration",
    loading: "Integration wird geladen",
    unknownTitle: "Unbekannte Integration",
    unknown: "Diese Integration gibt es nicht.",
    unknownAdvice: "Sie wurde vielleicht umbenannt oder wird nicht mehr angeboten.",
    connect: (name) => `${name} verbinden`,
    signIn: (name) => `Melden Sie sich an, um ${name} zu verbinden.`,
    accounts: (count, isTeams) =>
      isTeams ? (count > 1 ? "Konten Ihres Teams" : "Konto Ihres Teams") : count > 1 ? "Ihre Konten" : "Ihr Konto",
    addAnother: "Weiteres hinzufügen",
    about: (name) => `Über ${name}`,
    teams: "Was Sie hier verbinden, gehört Ihrem Team: Jedes Mitglied kann es nutzen und beenden.",
  },
  connection: {
    you: "Ihnen",
    anotherMember: "einem anderen Mitglied Ihres Teams",
    connected: (by, date) => ["verbunden", by && `von ${by}`, date && `am ${date}`].filter(Boolean).join(" "),
    missing: "Einige Berechtigungen fehlen.",
    missingAdvice: "Teile der App funktionieren vielleicht nicht, bis Sie neu verbinden und sie erlauben.",
    asksMore: "Die App bittet um weitere Berechtigungen.",
    asksMoreAdvice: "Verbinden Sie neu, um sie zu erlauben. Was Sie schon erlaubt haben, bleibt erlaubt.",
    permissions: "Berechtigungen",
    access: "Zugriff",
    untilDisconnected: "Bis die Verbindung getrennt wird.",
  },
  permissions: {
    asks: (app, name) => `${app} bittet bei ${name} um die Erlaubnis für:`,
    asksNothing: (app, name) => `Verbinden Sie ${name}, um es in ${app} zu nutzen.`,
    unnamed: (count, isMore) =>
      isMore
        ? count === 1
          ? "1 weitere Berechtigung"
          : `${count} weitere Berechtigungen`
        : count === 1
          ? "1 Berechtigung"
          : `${count} Berechtigungen`,
    details: "Einzelheiten",
    never: (app, name) => `${app} sieht nie Ihr Passwort bei ${name} und erhält nichts Weiteres, ohne Sie vorher zu fragen.`,
    onlyGiven: (app) => `${app} erhält nur, was Sie eingeben oder erlauben, und nichts Weiteres, ohne Sie vorher zu fragen.`,
    end: "Sie können die Verbindung jederzeit trennen.",
    privacy: (app) => `Wie ${app} mit Ihren Daten umgeht`,
  },
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
    title: (name) => `${name} verbinden`,
    goOn: (name) => `Weiter zu ${name}`,
    window: "Machen Sie in dem Fenster weiter, das sich geöffnet hat.",
    blocked: "Ihr Browser hat das Fenster blockiert. Öffnen Sie es über diesen Link.",
    openTab: "In neuem Tab öffnen",
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
    outdated: () => ({ title: "Das Gateway ist zu alt für diese App.", advice: onlyOperator }),
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
        advice: onlyOperator,
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

export const pages: typeof en.pages = {
  signedOut: "Abgemeldet",
  signIn: "Anmelden",
  continue: "Weiter",
  cancel: "Abbrechen",
  back: "Zurück",
  tryAgain: "Noch einmal versuchen",
  startAgain: "Neu beginnen",
  toCatalog: "Alle Integrationen",
  failed: "Etwas ist schiefgelaufen",
  signInFirst: {
    title: "Melden Sie sich zuerst an",
    text: "Sie sind in diesem Browser nicht angemeldet.",
    advice: (app) => `Öffnen Sie ${app}, melden Sie sich dort an und kommen Sie zurück.`,
  },
  connect: {
    title: (name) => `${name} verbinden`,
    titleAs: (name, user) => `${name} als ${user} verbinden?`,
    titleAsUser: (user) => `Als ${user} verbinden?`,
    fromElsewhere: "Eine andere Website hat Sie hierher geschickt.",
    onlyIfAsked: (user) => `Fahren Sie nur fort, wenn Sie das gerade selbst angefordert haben und ${user} sind.`,
    willBeSignedOut: (user) => `${user} ist in diesem Browser angemeldet und wird hier abgemeldet.`,
  },
  switchUser: {
    title: (user) => `Als ${user} fortfahren?`,
    agree: (user) => `Als ${user} fortfahren`,
    otherwise: "Schließen Sie andernfalls dieses Fenster.",
  },
  connected: {
    title: (name) => `${name} ist verbunden`,
    as: (account) => `Verbunden als ${account}.`,
    otherAccount: (before) => `Das ist ein anderes Konto als zuvor. ${before} bleibt verbunden.`,
    otherAccountUnnamed: "Das ist ein anderes Konto als zuvor. Das bisherige bleibt verbunden.",
    next: (app) => `${app} kann diese Verbindung jetzt nutzen. Sie können diese Seite schließen oder fortfahren.`,
  },
  notConnected: {
    title: (name) => `${name} ist nicht verbunden`,
    titleReconnect: (name) => `${name} wurde nicht neu verbunden`,
    stays: "Ihre bestehende Verbindung funktioniert weiterhin.",
  },
  nothingConnected: {
    title: "Es wurde nichts verbunden",
    notGranted: (code) => `Der Zugriff wurde beim Anbieter nicht erlaubt${code}.`,
    noAttempt: "Der Anbieter hat nicht mitgeteilt, zu welchem Verbindungsversuch das gehört.",
  },
  deviceCode: {
    check: "Prüfen Sie, ob die Seite, die sich öffnet, diesen Code zeigt.",
    enter: (page) => `Geben Sie diesen Code auf ${page} ein.`,
    worksFor: (minutes) => (minutes === 1 ? "Er gilt eine Minute lang." : `Er gilt ${minutes} Minuten lang.`),
    open: (page) => `${page} öffnen`,
    continues: "Diese Seite geht von selbst weiter, sobald Sie dort fertig sind.",
    done: "Ich bin fertig",
  },
  form: {
    optional: "(optional)",
    none: "Keine Angabe",
    choose: "Bitte wählen …",
    save: "Speichern",
  },
  popup: {
    connecting: "Wird verbunden",
    wait: "Einen Moment …",
    connected: "Verbunden",
    close: "Sie können dieses Fenster schließen.",
    lost: "Die Verbindung zum Server ist abgebrochen. Versuchen Sie es noch einmal.",
    ofAnotherPage: "Dieses Fenster gehört zu einer anderen Seite. Schließen Sie es und stellen Sie die Verbindung von dort aus her.",
    unknownConnector: "Diese Integration gibt es nicht.",
    hiddenOrigin:
      "Dieses Fenster wurde nicht von einer Seite der App geöffnet, oder diese Seite verbirgt ihre Herkunft (Referrer-Policy: no-referrer).",
    tooOld:
      "Die xkit.js der Seite, die dieses Fenster geöffnet hat, ist zu alt: Weder sie noch der Browser nennt die Herkunft dieser Seite. Der Betreiber der App muss @xkit-co/xkit.js aktualisieren.",
    foreignOrigin: (origin) =>
      `${origin} gehört nicht zu den web_origins der Plattform. Der Betreiber muss es in der Konfiguration des Gateways ergänzen.`,
    foreignPage:
      "Die Seite, die dieses Fenster geöffnet hat, gehört nicht zu den web_origins der Plattform. Der Betreiber muss sie in der Konfiguration des Gateways ergänzen.",
  },
  byCode: {
    UNAUTHENTICATED: "Sie sind nicht angemeldet. Melden Sie sich an und versuchen Sie es noch einmal.",
    FORBIDDEN: "Dazu sind Sie nicht berechtigt.",
    NOT_FOUND: "Hier gibt es nichts.",
    BAD_USER_INPUT: "Was gesendet wurde, ist ungültig.",
    RATE_LIMITED: "Zu viele Anfragen. Versuchen Sie es später noch einmal.",
    TEMPORARILY_UNAVAILABLE: "Das ist gerade nicht verfügbar. Versuchen Sie es gleich noch einmal.",
    CONNECTOR_MISCONFIGURED: "Diese Integration ist nicht richtig eingerichtet. Bitte wenden Sie sich an den Betreiber dieser App.",
    UPSTREAM_UNAVAILABLE: "Ein Teil dieses Dienstes ist gerade nicht verfügbar. Versuchen Sie es gleich noch einmal.",
    INTERNAL: "Bei uns ist etwas schiefgelaufen. Versuchen Sie es gleich noch einmal.",
  },
};

export const standardScopes: typeof en.standardScopes = {
  openid: "Wissen, wer Sie beim Anbieter sind",
  profile: "Ihren Namen und Ihr Bild sehen",
  email: "Ihre E-Mail-Adresse sehen",
  address: "Ihre Postanschrift sehen",
  phone: "Ihre Telefonnummer sehen",
  offline_access: "Weiterarbeiten, während Sie nicht da sind",
};

export const refusals: typeof en.refusals = {
  foreignForm: "Dieses Formular wurde von einer anderen Website gesendet. Beginnen Sie neu.",
  foreignSignOut: "Dieses Formular wurde von einer anderen Website gesendet. Melden Sie sich hier ab.",
  linkExpired: "Dieser Link ist abgelaufen. Beginnen Sie neu.",
  linkExpiredOrUsed: "Dieser Link ist abgelaufen oder wurde schon geöffnet. Beginnen Sie neu.",
  linkUnknown: "Dieser Link wurde nicht hier erstellt. Beginnen Sie neu.",
  badLink: "Dieser Link ist ungültig. Beginnen Sie neu.",
  linkUsed: "Dieser Link wurde schon verwendet. Wenn die Verbindung nicht zustande kam, beginnen Sie neu.",
  linkOfAnother: (user) => `Hier ist ${user} angemeldet. Dieser Link ist für jemand anderen.`,
  userGone: "Diesen Benutzer gibt es nicht mehr. Melden Sie sich neu an.",
  waitedTooLong: "Dieses Fenster hat zu lange gewartet oder wurde schon verwendet. Schließen Sie es und versuchen Sie es noch einmal.",
  openedTwice: "Dieses Fenster hat zu lange gewartet oder wurde zweimal geöffnet. Versuchen Sie es noch einmal.",
  otherBrowser: "Die Verbindung wurde in einem anderen Browser begonnen, oder dieser hier blockiert Cookies. Beginnen Sie hier neu.",
  otherUser: "Die Verbindung wurde von jemand anderem begonnen. Beginnen Sie neu.",
  removed: "Die Verbindung wurde inzwischen entfernt. Beginnen Sie neu.",
  groupChanged: "Ihre Gruppe hat sich geändert, seit die Verbindung begonnen wurde. Beginnen Sie neu.",
  disabled: (name) =>
    `Diese Verbindung mit ${name} wurde deaktiviert. Nur der Betreiber dieser App kann sie wieder aktivieren. Bitte wenden Sie sich an ihn.`,
  unknownConnector: (slug) => `Die Integration „${slug}“ gibt es auf dieser Plattform nicht.`,
  noWayBack: "Diese Integration hat keinen Anbieter, von dem man zurückkommen könnte.",
  unsigned: (name) => `${name} hat diese Adresse nicht signiert, oder sie wurde unterwegs verändert. Beginnen Sie neu.`,
  tooManyAttempts: (name, count) =>
    `Die Verbindung mit ${name} wurde schon ${count}-mal begonnen. Schließen Sie einen Versuch ab oder versuchen Sie es später noch einmal.`,
  storeAway: "Die Datenbank ist gerade nicht erreichbar. Es geht von selbst weiter, sobald sie wieder da ist.",
  longCallback: (characters) => `Der Anbieter hat mehr als ${characters} Zeichen gesendet.`,
  nothingHere: "Unter dieser Adresse gibt es nichts.",
  tooMany: (_what, seconds) => `Zu viele Anfragen. Versuchen Sie es in ${seconds} s noch einmal.`,
  internal: (id) => `Bei uns ist etwas schiefgelaufen; an Ihrer Anfrage lag es nicht. Nennen Sie dem Betreiber diese Kennung: ${id}`,
  fieldUnknown: (name, field) => `${name} fragt nicht nach dem Feld „${field}“.`,
  fieldTwice: (name, field) => `${name} fragt nur einmal nach dem Feld „${field}“.`,
  fieldMissing: (label) => `${label} fehlt.`,
  fieldEmpty: (label) => `${label} darf nicht leer sein.`,
  fieldWithColon: (label) => `${label} darf keinen Doppelpunkt enthalten.`,
  fieldWithOddCharacter: (label) => `${label} enthält ein Zeichen, das in keinem Schlüssel vorkommt. Kopieren Sie den Wert noch einmal.`,
  fieldOfOtherForm: (label) => `${label} hat nicht die Form, die der Anbieter erwartet.`,
  fieldNotListed: (label, values) => `${label} muss einer dieser Werte sein: ${values}.`,
  fieldNotBefore: (label, end) => `${label} muss der Name vor ${end} sein, oder die ganze Adresse.`,
  fieldNotOneName: (label) => `${label} muss ein einzelner Name aus Buchstaben, Ziffern und - sein.`,
  fieldNotHost: (label) => `${label} muss der Name eines öffentlichen Hosts ohne Port sein.`,
  notAccepted: (name) => `${name} akzeptiert Ihre Eingabe nicht. Prüfen Sie sie und geben Sie sie noch einmal ein.`,
  notChecked: (name) => `${name} konnte Ihre Eingabe gerade nicht prüfen. Geben Sie sie gleich noch einmal ein.`,
  privateKeyUnreadable: "Der private Schlüssel ist nicht lesbar. Geben Sie ihn vollständig ein, von der ersten bis zur letzten Zeile.",
};

export const problems: typeof en.problems = {
  triesByItself: "Es wird automatisch noch einmal versucht. Sie müssen nichts tun.",
  notGranted: (name) => ({
    title: `Der Zugriff auf ${name} wurde nicht erlaubt.`,
    advice:
      "Es hat sich nichts geändert. Sie können die Verbindung jederzeit herstellen. Wenn Sie den Zugriff nicht selbst erlauben dürfen, bitten Sie Ihre Administration darum.",
  }),
  notGrantedWithCode: (name, code) => ({ title: `Der Zugriff auf ${name} wurde nicht erlaubt${code}.`, advice: connectAgain }),
  notConnected: (name) => ({ title: `${name} konnte nicht verbunden werden.`, advice: connectAgain }),
  unavailable: (name) => ({ title: `${name} ist gerade nicht verfügbar.`, advice: again }),
  serverError: (name) => ({ title: `${name} hat gerade selbst eine Störung.`, advice: again }),
  wrongCredentials: (name) => ({ title: `${name} akzeptiert die Zugangsdaten dieser App nicht.`, advice: onlyOperator }),
  wrongRequest: (name) => ({ title: `${name} akzeptiert nicht, wie diese App sich verbindet.`, advice: onlyOperator }),
  notAllowed: (name) => ({ title: `${name} erlaubt dieser App nicht, sich zu verbinden.`, advice: onlyOperator }),
  unknownPermission: (name) => ({ title: `${name} kennt eine der angefragten Berechtigungen nicht.`, advice: onlyOperator }),
  unreadable: (name) => ({ title: `Diese App kann nicht lesen, was sie für ${name} gespeichert hat.`, advice: onlyOperator }),
  disabled: (name) => ({
    title: `Diese Verbindung mit ${name} wurde deaktiviert.`,
    advice: "Nur der Betreiber dieser App kann sie wieder aktivieren. Bitte wenden Sie sich an ihn.",
  }),
  revoked: (name) => ({
    title: `${name} akzeptiert diese Verbindung nicht mehr.`,
    advice: "Vielleicht wurde sie widerrufen oder ein Passwort geändert. Verbinden Sie sich neu, um fortzufahren.",
  }),
  restoredBackup: (name) => ({
    title: `${name} akzeptiert diese Verbindung nicht mehr.`,
    advice:
      "Diese App wurde aus einer Sicherung wiederhergestellt, und die Verbindung hat sich seither geändert. Verbinden Sie sich neu, um fortzufahren.",
  }),
  clientChanged: (name) => ({
    title: `Diese App verbindet sich jetzt anders mit ${name}.`,
    advice: "Verbinden Sie sich neu, um fortzufahren.",
  }),
  expired: (name) => ({
    title: `Der Zugriff auf ${name} ist abgelaufen.`,
    advice: `${name} erlaubt ihn nur für begrenzte Zeit. Verbinden Sie sich neu, um fortzufahren.`,
  }),
  loginRequired: (name) => ({
    title: `Sie waren bei ${name} nicht angemeldet.`,
    advice: "Melden Sie sich dort an und verbinden Sie sich dann noch einmal.",
  }),
  accountChoice: (name) => ({
    title: `${name} muss wissen, welches Konto gemeint ist.`,
    advice: "Verbinden Sie sich noch einmal und wählen Sie ein Konto.",
  }),
  consentRequired: (name) => ({
    title: `${name} braucht Ihre Zustimmung.`,
    advice: "Verbinden Sie sich noch einmal und stimmen Sie der Anfrage zu.",
  }),
  interactionRequired: (name) => ({
    title: `${name} braucht zuerst etwas von Ihnen.`,
    advice: "Verbinden Sie sich noch einmal und folgen Sie den Schritten dort.",
  }),
  deviceCodeExpired: (name) => ({
    title: `Der Code für ${name} wurde nicht rechtzeitig eingegeben.`,
    advice: "Fordern Sie einen neuen Code an, um fortzufahren.",
  }),
  otherAccount: (name, accounts) => ({
    title: `Das war ein anderes Konto bei ${name} als zuvor${accounts ? `: ${accounts.actual} statt ${accounts.expected}` : ""}.`,
    advice: "Verbinden Sie sich mit dem bisherigen Konto neu, oder trennen Sie es zuerst, um ein anderes zu verwenden.",
  }),
  accountUnknown: (name) => ({
    title: `${name} hat nicht mitgeteilt, wessen Konto das ist.`,
    advice: "Es hat sich nichts geändert. Verbinden Sie sich noch einmal.",
  }),
  accountInUse: (name) => ({
    title: `Dieses Konto bei ${name} ist in dieser App schon an anderer Stelle verbunden.`,
    advice: "Es kann nur an einer Stelle verbunden sein. Trennen Sie es dort zuerst, oder verbinden Sie ein anderes Konto.",
  }),
  disconnected: (name) => ({
    title: `${name} wurde getrennt, während die Verbindung hergestellt wurde.`,
    advice: "Verbinden Sie sich noch einmal, falls das nicht beabsichtigt war.",
  }),
  moved: (name) => ({
    title: `Ihre Gruppe hat sich geändert, während ${name} verbunden wurde.`,
    advice: "Verbinden Sie sich noch einmal: Die Verbindung gehört dann Ihrer jetzigen Gruppe.",
  }),
  foreignAnswer: (name) => ({
    title: `Die Antwort von ${name} gehörte nicht zu diesem Versuch.`,
    advice: "Verbinden Sie sich von hier aus noch einmal, und bleiben Sie dabei im selben Browser.",
  }),
  internal: () => ({ title: "Bei uns ist etwas schiefgelaufen.", advice: `${again} ${tellOperator}` }),
  interrupted: (name) => ({ title: `Die Verbindung mit ${name} wurde unterbrochen.`, advice: "Verbinden Sie sich noch einmal." }),
};

export const agent: typeof en.agent = {
  NotConnected: (name) => `Verbinden Sie Ihr Konto bei ${name}, um fortzufahren.`,
  ReconnectRequired: (name) => `Ihr Konto bei ${name} muss neu verbunden werden.`,
  ScopesMissing: (name) => `Erlauben Sie mehr bei ${name}, um fortzufahren.`,
  TemporarilyUnavailable: (name, seconds) => `${name} kann gerade nicht verwendet werden. Versuchen Sie es in ${seconds} s noch einmal.`,
  MinimumTtlUnavailable: (name, seconds) => `Für ${name} gibt es kein Token, das so lange gilt: Höchstens ${seconds} s sind möglich.`,
  TokenWithheld: (name) => `Das Token Ihres Teams für ${name} erhält nur der Server der App.`,
  ConnectorMisconfigured: (name) => `${name} ist nicht richtig eingerichtet. ${onlyOperator}`,
  open: (message, url) => `${message} Öffnen Sie ${url}`,
  declined: (name) => `${name} wurde nicht verbunden, weil Sie abgelehnt haben.`,
  unfinished: (name, url) => `${name} ist noch nicht verbunden. Schließen Sie es unter ${url} ab, und versuchen Sie es dann noch einmal.`,
};
