import { useEffect, useRef } from "react";
import { BadUserInputError } from "../api/errors.ts";
import { useXkit } from "../react/provider.tsx";
import { useConnector } from "../react/use-connector.ts";
import { useViewer } from "../react/use-viewer.ts";
import type { ListedConnector, Viewer } from "../api/types.ts";
import { Button } from "./button.tsx";
import { Callout } from "./callout.tsx";
import { ConnectionCard } from "./connection-card.tsx";
import { useCatalog, useTitle } from "./context.ts";
import { BackIcon, ExternalIcon, PlugIcon, PlusIcon } from "./icons.tsx";
import { useSentences } from "./language.tsx";
import { LazyProblemCallout } from "./lazy-parts.ts";
import { Link } from "./link.tsx";
import { Mark } from "./mark.tsx";
import { Markdown } from "./markdown.tsx";
import { EmptyNotice } from "./notices.tsx";
import { readReturnLink } from "./return-to.ts";
import { SignIn } from "./sign-in.tsx";
import { ConnectorSkeleton } from "./skeletons.tsx";
import { StatusBadge } from "./status-badge.tsx";
import { describe, shownOf, summarise } from "./status.ts";
import { type Connecting, useConnecting } from "./use-connecting.tsx";
import { useRetry } from "./use-retry.ts";

/** One connector: what it is, the viewer's connections of it, and everything that can be done with them. */
export function ConnectorPage({ slug }: { slug: string }) {
  const [{ data: connector, error, fetching }, refetch] = useConnector(slug);
  const { platform } = useCatalog();
  const returnLink = readReturnLink(platform, useXkit().url);
  const retry = useRetry(refetch);
  // The gateway takes no slug that none can have.
  const isUnknown = connector === null || error instanceof BadUserInputError;
  useTitle(isUnknown ? "Unknown integration" : connector?.name);
  return (
    <div className="mx-auto w-full max-w-3xl">
      <nav aria-label="Breadcrumb" className="-ms-2 flex flex-wrap justify-between gap-2">
        <Link
          to={{ page: "list" }}
          className="inline-flex min-h-10 items-center gap-1 rounded-lg px-2 text-sm text-muted no-underline hover:text-text"
        >
          <BackIcon /> All integrations
        </Link>
        {returnLink && (
          <a
            href={returnLink.href}
            className="inline-flex min-h-10 items-center gap-1.5 rounded-lg px-2 text-sm text-muted no-underline hover:text-text"
          >
            Back to {returnLink.origin === location.origin ? "where you were" : returnLink.host} <ExternalIcon />
          </a>
        )}
      </nav>
      {connector === undefined && error && !isUnknown && (
        <>
          <h1 className="sr-only">Integration</h1>
          <LazyProblemCallout
            cause={error}
            name={slug}
            action={
              <Button busy={fetching} onClick={retry}>
                Try again
              </Button>
            }
          />
        </>
      )}
      {connector === undefined && !error && <ConnectorSkeleton />}
      {isUnknown && (
        <EmptyNotice isPage title="There is no such integration.">
          It may have been renamed, or is no longer offered.
        </EmptyNotice>
      )}
      {connector && <ConnectorDetails connector={connector} />}
    </div>
  );
}

function ConnectorDetails({ connector }: { connector: ListedConnector }) {
  const { name, slug, shortDescription, connections } = connector;
  const [{ data: viewer }] = useViewer();
  const connecting = useConnecting(name);
  const sentences = useSentences();
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
      <header className="mt-6 flex flex-wrap items-center gap-4">
        <Mark connector={connector} large />
        <div className="min-w-0 flex-1">
          <h1 ref={heading} tabIndex={-1} className="text-2xl font-semibold tracking-tight outline-none">
            {name}
          </h1>
          {viewer ? (
            <StatusBadge status={summarise(connections)}>{describe(sentences, connections)}</StatusBadge>
          ) : (
            shortDescription && <p className="text-sm text-muted">{shortDescription}</p>
          )}
        </div>
        {viewer && shown.length === 0 && (
          <div className="max-sm:w-full max-sm:*:w-full">
            <Button look="primary" busy={isBusy} onClick={() => connecting.connect(slug)}>
              {!isBusy && <PlugIcon />} Connect {name}
            </Button>
          </div>
        )}
      </header>
      <div className="mt-6 flex flex-col gap-8">
        {connecting.cancel && (
          <div role="status">
            <Callout tone="plain" icon={<ExternalIcon />} action={<Button onClick={connecting.cancel}>Cancel</Button>}>
              Go on in the window that has opened.
            </Callout>
          </div>
        )}
        {connecting.error && <LazyProblemCallout cause={connecting.error} name={name} />}
        {failed && !connecting.error && <LazyProblemCallout cause={failed} name={name} />}
        {viewer === null && <SignIn sentence={`Sign in to connect ${name}.`} />}
        {viewer && shown.length > 0 && <Accounts connector={connector} viewer={viewer} connecting={connecting} />}
        <About connector={connector} />
        <p className="text-[13px] leading-relaxed text-muted">
          {viewer?.groupId != null && "What you connect here is your team's: each member can use it and end it. "}
          You can end this access here at any time.
        </p>
      </div>
      {connecting.dialog}
    </>
  );
}

/** The viewer's connections of it, or their team's. */
function Accounts({ connector, viewer, connecting }: { connector: ListedConnector; viewer: Viewer; connecting: Connecting }) {
  const shown = shownOf(connector.connections);
  return (
    <section aria-labelledby="xk-connections">
      <div className="mb-3 flex items-center justify-between gap-4">
        <h2 id="xk-connections" className="font-semibold">
          {viewer.groupId !== null ? "Your team's" : "Your"} {shown.length > 1 ? "accounts" : "account"}
        </h2>
        {connector.supportsMultipleConnections && (
          <Button look="quiet" busy={connecting.target?.adds === true} onClick={() => connecting.add(connector.slug)}>
            <PlusIcon /> Add another
          </Button>
        )}
      </div>
      <ul className="flex flex-col gap-3">
        {shown.map((connection) => (
          <ConnectionCard key={connection.id} connection={connection} connecting={connecting} />
        ))}
      </ul>
    </section>
  );
}

function About({ connector: { name, description, shortDescription } }: { connector: ListedConnector }) {
  const text = description ?? shortDescription;
  if (!text) return null;
  return (
    <section aria-labelledby="xk-about">
      <h2 id="xk-about" className="mb-2 font-semibold">
        About {name}
      </h2>
      <Markdown>{text}</Markdown>
    </section>
  );
}
