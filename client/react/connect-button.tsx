import { useEffect } from "react";
import { usePlatform } from "./use-platform.ts";
import { useXkit, XkitProvider } from "./provider.tsx";
import { type ConnectState, useConnectState } from "./use-connect-state.ts";
import { Button, buttonClass } from "../catalog/button.tsx";
import { type Sentences, SpeakLanguage, useSentences } from "../catalog/language.tsx";
import { Mark } from "../catalog/mark.tsx";
import { problemOf } from "../catalog/problems.ts";
import { signInUrl } from "../catalog/return-to.ts";
import { type CatalogTheme, useRootAttributes } from "../catalog/theme.ts";
import { warnDeveloper } from "../catalog/warn-developer.ts";

export interface ConnectButtonProps {
  /** The connector's slug. */
  slug: string;
  /** Connect in a popup instead of leaving the page. Default: true. */
  popup?: boolean;
  /** Default: the platform's color, and the `color-scheme` of the page around it. */
  theme?: CatalogTheme;
  /** The language, as a BCP 47 tag. Default: the `locale` of the provider around it. */
  locale?: string;
}

/** A button that connects one connector, and says how it is. Needs an `<XkitProvider>` around it and the package's `catalog.css`. */
export function ConnectButton({ locale, ...props }: ConnectButtonProps) {
  const xkit = useXkit();
  if (locale === undefined) return <StyledButton {...props} />;
  return (
    <XkitProvider xkit={xkit} locale={locale}>
      <StyledButton {...props} />
    </XkitProvider>
  );
}

const StyledButton = (props: Omit<ConnectButtonProps, "locale">) => (
  <SpeakLanguage locale={useXkit().session.locale}>
    <SpokenButton {...props} />
  </SpeakLanguage>
);

function SpokenButton({ slug, theme = {}, popup = true }: Omit<ConnectButtonProps, "locale">) {
  const [{ data: platform }] = usePlatform();
  const sentences = useSentences();
  const { state, connector, blockedUrl, error, connect, cancel } = useConnectState(slug, { popup });
  const name = connector?.name ?? slug;
  const isUnknown = state === "unknown";
  const isWaiting = state === "connecting" || state === "blocked";
  const problem = error && !isUnknown && !isWaiting ? problemOf(sentences, error, name) : null;
  const attributes = useRootAttributes(theme);
  useEffect(() => {
    if (isUnknown) warnDeveloper(`<ConnectButton>: the catalog has no connector with the slug ${JSON.stringify(slug)}.`);
  }, [isUnknown, slug]);
  return (
    <div className="xkit-catalog flex flex-wrap items-center gap-2 text-sm" {...attributes}>
      {connector && <Mark connector={connector} />}
      {state === "signed_out" && platform?.loginRedirectUrl && (
        <a href={signInUrl(platform.loginRedirectUrl)} className={buttonClass("primary")}>
          {sentences.signIn.signIn}
        </a>
      )}
      {state === "blocked" && blockedUrl !== null && (
        <a href={blockedUrl} target="_blank" rel="noopener" className={buttonClass("primary")}>
          {sentences.connecting.openTab}
        </a>
      )}
      {(state === "none" || state === "attention" || state === "connecting") && (
        <Button look="primary" busy={state === "connecting"} onClick={connect}>
          {state === "attention" ? `${sentences.reconnect} ${name}` : sentences.connector.connect(name)}
        </Button>
      )}
      {popup && isWaiting && <Button onClick={cancel}>{sentences.cancel}</Button>}
      <span role="status" className="min-w-0 text-muted">
        {problem?.title ?? wordsOf(sentences, state, popup)}
      </span>
    </div>
  );
}

/** What is said beside what can be pressed, or in its place. */
function wordsOf({ status: words, connecting, connector }: Sentences, state: ConnectState, popup: boolean): string | null {
  switch (state) {
    case "connecting":
      return popup ? connecting.window : null;
    case "blocked":
      return connecting.blocked;
    case "unknown":
      return connector.unknown;
    case "connected":
    case "misconfigured":
    case "unavailable":
    case "pending":
      return words[state];
    default:
      return null;
  }
}
