import { useEffect, useRef } from "react";
import { BadUserInputError } from "../api/errors.ts";
import { useXkit } from "../react/provider.tsx";
import { useConnector } from "../react/use-connector.ts";
import { useViewer } from "../react/use-viewer.ts";
import type { ListedConnector, Viewer } from "../api/types.ts";
import { Button } from "./button.tsx";
import { ConnectWaiting } from "./connect-waiting.tsx";
import { ConnectionCard } from "./connection-card.tsx";
import { useCatalog, useTitle } from "./context.ts";
import { BackIcon, ExternalIcon, PlugIcon, PlusIcon } from "./icons.tsx";
import { useSentences } from "./language.tsx";
import { LazyProblemCallout } from "./lazy-parts.ts";
import { Link } from "./link.tsx";
import { Mark } from "./mark.tsx";
import { Markdown } from "./markdown.tsx";
import { EmptyNotice } from "./notices.tsx";
import { isOutdated } from "../api/outdated.ts";
import { Consent } from "./permissions.tsx";
import { readReturnLink } from "./return-to.ts";
import { SignIn } from "./sign-in.tsx";
import { ConnectorSkeleton } from "./skeletons.tsx";
import { StatusBadge } from "./status-badge.tsx";
import { shownOf, summarise } from "../connecting/status.ts";
import { describe } from "./status.ts";
import type { Connecting } from "./connecting.ts";
import { useConnecting } from "./use-connecting.tsx";
import { useRetry } from "./use-retry.ts";

/** One connector: what it is, the viewer's connections of it, and everything that can be done with them. */
export function ConnectorPage({ slug }: { slug: string }) {
  const [{ data: connector, error, fetching }, refetch] = useConnector(slug);
  // What is said to those who are not signed in would push the rest down.
  const { platform, isSettled, search } = useCatalog();
  const returnLink = readReturnLink(search, platform, useXkit().url);
  const retry = useRetry(refetch);
  // The gateway takes no slug that none can have.
  const isUnknown = connector === null || (error instanceof BadUserInputError && !isOutdated(error));
  const { connector: words, tryAgain } = useSentences();
  useTitle(isUnknown ? words.unknownTitle : connector?.name);
  return (
    <div className="mx-auto w-full max-w-3xl">
      <nav aria-label={words.breadcrumb} className="-ms-2 flex flex-wrap justify-between gap-2">
        <Link
          to={{ page: "list" }}
          className="inline-flex min-h-10 items-center gap-1 rounded-lg px-2 text-sm text-muted no-underline hover:text-text"
        >
          <BackIcon /> {words.all}
        </Link>
        {returnLink && (
          <a
            href={returnLink.href}
            className="inline-flex min-h-10 items-center gap-1.5 rounded-lg px-2 text-sm text-muted no-underline hover:text-text"
          >
            {words.backTo(returnLink.origin === location.origin ? null : returnLink.host)} <ExternalIcon />
          </a>
        )}
      </nav>
      {connector === undefined && error && !isUnknown && (
        <>
          <h1 className="sr-only">{words.heading}</h1>
          <LazyProblemCallout
            cause={error}
            name={slug}
            action={
              <Button busy={fetching} onClick={retry}>
                {tryAgain}
              </Button>
            }
          />
        </>
      )}
      {(connector ? !isSettled : connector === undefined && !error) && <ConnectorSkeleton />}
      {isUnknown && (
        <EmptyNotice isPage title={words.unknown}>
          {words.unknownAdvice}
        </EmptyNotice>
      )}
      {connector && isSettled && <ConnectorDetails connector={connector} />}
    </div>
  );
}

function ConnectorDetails({ connector }: { connector: ListedConnector }) {
  const { name, slug, shortDescription, connections, permissions } = connector;
  const [{ data: viewer }] = useViewer();
  const connecting = useConnecting(name);
  const sentences = useSentences();
  const { connector: words } = sentences;
  const shown = shownOf(connections);
  const heading = useRef<HTMLHeadingElement>(null);
  const hasDialog = !!connecting.dialog;
  const isBusy = connecting.target !== null;
  // What had the focus may be gone: the link that led here, the button that opened a dialog, or the connection that was disconnected.
  useEffect(() => {
    if (document.activeElement === document.body) heading.current?.focus({ preventScroll: true });
  }, [slug, shown.length, hasDialog, isBusy]);

  const failed = shown.length === 0 ? connections.find(({ authorization }) => authorization?.status === "ERROR")?.authorization : undefined;
  return (
    <>
      <header className="mt-6 flex items-start gap-4">
        <Mark connector={connector} large />
        <div className="min-w-0 flex-1">
          <h1 ref={heading} tabIndex={-1} className="text-xl font-semibold tracking-tight outline-none @sm:text-2xl">
            {name}
          </h1>
          {viewer ? (
            <StatusBadge status={summarise(connections)}>{describe(sentences, connections)}</StatusBadge>
          ) : (
            shortDescription && <p className="text-sm text-muted">{shortDescription}</p>
          )}
        </div>
      </header>
      <div className="mt-6 flex flex-col gap-8">
        <ConnectWaiting connecting={connecting} />
        {connecting.error && <LazyProblemCallout cause={connecting.error} name={name} />}
        {failed && !connecting.error && <LazyProblemCallout cause={failed} name={name} />}
        {viewer === null && <SignIn sentence={words.signIn(name)} />}
        {viewer !== undefined && shown.length === 0 && (
          <section className="rounded-2xl border border-line bg-surface p-5">
            <Consent name={name} permissions={permissions} />
            {viewer && (
              <div className="mt-5 @max-xl:*:w-full">
                <Button look="primary" busy={isBusy} onClick={() => connecting.connect(slug)}>
                  {!isBusy && <PlugIcon />} {words.connect(name)}
                </Button>
              </div>
            )}
          </section>
        )}
        {viewer && shown.length > 0 && <Accounts connector={connector} viewer={viewer} connecting={connecting} />}
        <About connector={connector} />
        {viewer?.groupId != null && <p className="text-[13px] leading-relaxed text-muted">{words.teams}</p>}
      </div>
      {connecting.dialog}
    </>
  );
}

/** The viewer's connections of it, or their team's. */
function Accounts({ connector, viewer, connecting }: { connector: ListedConnector; viewer: Viewer; connecting: Connecting }) {
  const shown = shownOf(connector.connections);
  const { connector: words } = useSentences();
  return (
    <section aria-labelledby="xk-connections">
      <div className="mb-3 flex items-center justify-between gap-4">
        <h2 id="xk-connections" className="font-semibold">
          {words.accounts(shown.length, viewer.groupId !== null)}
        </h2>
        {connector.supportsMultipleConnections && (
          <Button look="quiet" busy={connecting.target?.adds === true} onClick={() => connecting.add(connector.slug)}>
            <PlusIcon /> {words.addAnother}
          </Button>
        )}
      </div>
      <ul className="flex flex-col gap-3">
        {shown.map((connection) => (
          <ConnectionCard key={connection.id} connection={connection} connecting={connecting} permissions={connector.permissions} />
        ))}
      </ul>
    </section>
  );
}

function About({ connector: { name, descriptionTree, shortDescription } }: { connector: ListedConnector }) {
  const tree = descriptionTree ?? (shortDescription ? [{ type: "paragraph" as const, children: [shortDescription] }] : null);
  const { connector: words } = useSentences();
  if (!tree) return null;
  return (
    <section aria-labelledby="xk-about">
      <h2 id="xk-about" className="mb-2 font-semibold">
        {words.about(name)}
      </h2>
      <Markdown tree={tree} />
    </section>
  );
}
