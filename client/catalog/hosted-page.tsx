import { useEffect, useState } from "react";
import { useXkit } from "../react/provider.tsx";
import { usePlatform } from "../react/use-platform.ts";
import type { Platform } from "../api/types.ts";
import { initialOf } from "../design/initials.ts";
import { Catalog } from "./catalog.tsx";
import { HostedContext } from "./context.ts";
import { ErrorBoundary } from "./error-boundary.tsx";
import { BackIcon } from "./icons.tsx";
import { SpeakLanguage, useSentences } from "./language.tsx";
import { accentStyle } from "./theme.ts";
import { ViewerMenu } from "./viewer-menu.tsx";

/** The gateway's own page around the catalog: the platform's name and logo, and the way back to it. */
export const HostedPage = () => (
  <SpeakLanguage locale={useXkit().session.locale}>
    <Page />
  </SpeakLanguage>
);

function Page() {
  const [{ data: platform }] = usePlatform();
  const { page: words } = useSentences();
  return (
    <div className="xkit-page flex min-h-dvh flex-col bg-page text-text" style={accentStyle(platform?.color)}>
      <a
        href="#content"
        className="sr-only rounded-lg bg-surface px-4 py-2 focus:not-sr-only focus:absolute focus:top-3 focus:start-3 focus:z-10"
      >
        {words.skip}
      </a>
      <Header platform={platform} />
      <main id="content" tabIndex={-1} className="mx-auto w-full max-w-5xl flex-1 px-4 pt-8 pb-20 outline-none sm:px-6 sm:pt-12">
        <ErrorBoundary>
          <HostedContext.Provider value={true}>{isClosing() ? <Done /> : <Catalog basePath="" />}</HostedContext.Provider>
        </ErrorBoundary>
      </main>
    </div>
  );
}

function Header({ platform }: { platform: Platform | undefined }) {
  const [hasLogo, setHasLogo] = useState(true);
  const { page: words } = useSentences();
  return (
    <header className="border-b border-line bg-surface">
      <div className="mx-auto flex min-h-16 w-full max-w-5xl items-center gap-x-2 px-4 py-2 sm:gap-x-4 sm:px-6">
        {/* The platform's name gives way to the viewer's, down to a part of each that still tells. */}
        <span className="flex min-w-20 flex-1 items-center gap-2 font-semibold tracking-tight sm:min-w-40 sm:gap-3">
          {platform?.logoUrl && hasLogo && (
            <picture>
              {platform.logoDarkUrl && <source media="(prefers-color-scheme: dark)" srcSet={platform.logoDarkUrl} />}
              <img src={platform.logoUrl} alt="" className="h-7 max-w-10 object-contain sm:max-w-32" onError={() => setHasLogo(false)} />
            </picture>
          )}
          {platform && (!platform.logoUrl || !hasLogo) && (
            <span aria-hidden className="grid size-7 shrink-0 place-items-center rounded-lg bg-fill text-sm text-on-fill">
              {initialOf(platform.name)}
            </span>
          )}
          <span className="truncate">{platform?.name}</span>
        </span>
        <ViewerMenu />
        {platform?.website && (
          <a
            href={platform.website}
            className="inline-flex min-h-10 shrink-0 items-center gap-1 text-sm text-muted no-underline hover:text-text max-sm:-me-2 max-sm:px-2 sm:max-w-32 lg:max-w-48"
          >
            <BackIcon className="size-4 shrink-0" /> <span className="truncate max-sm:sr-only">{words.backTo(platform.name)}</span>
          </a>
        )}
      </div>
    </header>
  );
}

/** A popup that has done its work comes back here, to close. */
const isClosing = () => new URLSearchParams(location.search).has("close");

/** Shown where the browser does not let the popup close itself. */
function Done() {
  const { page: words } = useSentences();
  useEffect(() => window.close(), []);
  return (
    <div role="status" className="py-20 text-center">
      <h1 className="text-xl font-semibold tracking-tight">{words.done}</h1>
      <p className="mt-1 text-muted">{words.closeWindow}</p>
    </div>
  );
}
