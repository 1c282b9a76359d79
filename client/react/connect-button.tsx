import { usePlatform } from "./use-platform.ts";
import { useXkit, XkitProvider } from "./provider.tsx";
import { type ConnectState, useConnectState } from "./use-connect-state.ts";
import { Button, buttonClass } from "../catalog/button.tsx";
import { type Sentences, SpeakLanguage, useSentences } from "../catalog/language.tsx";
import { Mark } from "../catalog/mark.tsx";
import { problemOf } from "../catalog/problems.ts";
import { signInUrl } from "../catalog/return-to.ts";
import { accentStyle, type CatalogTheme } from "../catalog/theme.ts";

export interface ConnectButtonProps {
  /** The connector's slug. */
  slug: string;
  /** Connect in a popup instead of leaving the page. Default: true. */
  popup?: boolean;
  /** Default: the platform's color, and the system's light or dark. */
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

function StyledButton({ theme = {}, ...props }: Omit<ConnectButtonProps, "locale">) {
  const { session } = useXkit();
  const [{ data: platform }] = usePlatform();
  return (
    <SpeakLanguage locale={session.locale}>
      <div className="xkit-catalog" data-scheme={theme.scheme ?? "system"} style={accentStyle(theme.color ?? platform?.color)}>
        <SpokenButton {...props} />
      </div>
    </SpeakLanguage>
  );
}

function SpokenButton({ slug, popup = true }: Pick<ConnectButtonProps, "slug" | "popup">) {
  const [{ data: platform }] = usePlatform();
  const sentences = useSentences();
  const { state, connector, blockedUrl, error, connect, cancel } = useConnectState(slug, { popup });
  const name = connector?.name ?? slug;
  const problem = error && state !== "connecting" && state !== "blocked" ? problemOf(sentences, error, name) : null;
  return (
    <div className="flex flex-wrap items-center gap-2 text-sm">
      {connector && <Mark connector={connector} />}
      {state === "signed_out" && platform?.loginRedirectUrl && (
        <a href={signInUrl(platform.loginRedirectUrl)} className={buttonClass("primary")}>
          {sentences.signIn.signIn}
        </a>
      )}
      {state === "blocked" && blockedUrl !== null && (
        <>
          <span role="status">{sentences.connecting.blocked}</span>
          <a href={blockedUrl} target="_blank" rel="noopener" className={buttonClass("primary")}>
            {sentences.connecting.openTab}
          </a>
        </>
      )}
      {(state === "none" || state === "attention" || state === "connecting") && (
        <Button look="primary" busy={state === "connecting"} onClick={connect}>
          {state === "attention" ? `${sentences.reconnect} ${name}` : sentences.connector.connect(name)}
        </Button>
      )}
      {popup && (state === "connecting" || state === "blocked") && <Button onClick={cancel}>{sentences.cancel}</Button>}
      <span role="status" className="min-w-0 text-muted">
        {problem?.title ?? wordsOf(sentences, state)}
      </span>
    </div>
  );
}

/** What is said where there is nothing to press. */
function wordsOf({ status: words }: Sentences, state: ConnectState): string | null {
  switch (state) {
    case "connected":
    case "misconfigured":
    case "unavailable":
    case "pending":
      return words[state];
    default:
      return null;
  }
}
