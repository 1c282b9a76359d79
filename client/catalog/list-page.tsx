import { useEffect, useRef, useState } from "react";
import { useConnectors } from "../react/use-connectors.ts";
import { useViewer } from "../react/use-viewer.ts";
import type { ListedConnector } from "../api/types.ts";
import { Button } from "./button.tsx";
import { Callout } from "./callout.tsx";
import { ConnectorCard } from "./connector-card.tsx";
import { useCatalog, useTitle } from "./context.ts";
import { LazyProblemCallout } from "./lazy-parts.ts";
import { EmptyNotice } from "./notices.tsx";
import { SearchField } from "./search-field.tsx";
import { SignIn } from "./sign-in.tsx";
import { ListSkeleton } from "./skeletons.tsx";
import { rankOf, summarise } from "./status.ts";
import { useRetry } from "./use-retry.ts";

export interface ListPageProps {
  title: string | undefined;
  hideTitle: boolean;
  hideSearch: boolean;
  filter: ((connector: ListedConnector) => boolean) | undefined;
}

const words = (text: string) => text.toLowerCase().split(/\s+/).filter(Boolean);

/** Whether each word of the search is somewhere in the connector's name or line. */
function matches({ name, slug, shortDescription }: ListedConnector, search: string): boolean {
  const text = `${name} ${slug} ${shortDescription ?? ""}`.toLowerCase();
  return words(search).every((word) => text.includes(word));
}

/** The catalog: every connector, what is connected, and the way to the rest. */
export function ListPage({ title, hideTitle, hideSearch, filter }: ListPageProps) {
  const [{ data, error, fetching }, refetch] = useConnectors();
  const [{ data: viewer }] = useViewer();
  const { platform } = useCatalog();
  const retry = useRetry(refetch);
  useTitle("Integrations");
  const [search, setSearch] = useState("");
  const offered = data?.filter(filter ?? (() => true));
  const found = offered
    ?.filter((connector) => matches(connector, search))
    .toSorted((one, other) => rankOf(one.connections) - rankOf(other.connections));
  const needy = offered?.filter(({ connections }) => summarise(connections) === "attention").length ?? 0;
  return (
    <>
      <div className="flex flex-wrap items-end justify-between gap-x-8 gap-y-5">
        {!hideTitle && <Heading title={title} />}
        {!hideSearch && <SearchField value={search} onChange={setSearch} />}
      </div>
      <div className="mt-8 flex flex-col gap-6">
        {viewer === null && <SignIn sentence="Sign in to connect, and to see what is connected." />}
        {error && (
          <LazyProblemCallout
            cause={error}
            name="The catalog"
            action={
              <Button busy={fetching} onClick={retry}>
                Try again
              </Button>
            }
          />
        )}
        {needy > 0 && (
          <Callout tone="warn">
            <p className="font-semibold">{needy === 1 ? "An integration needs" : `${needy} integrations need`} your attention.</p>
          </Callout>
        )}
        {!found && !error && <ListSkeleton />}
        {found && found.length > 0 && (
          <ul className="grid gap-3 sm:grid-cols-2 lg:grid-cols-3">
            {found.map((connector) => (
              <ConnectorCard key={connector.slug} connector={connector} hasStatus={!!viewer} />
            ))}
          </ul>
        )}
        {offered?.length === 0 && (
          <EmptyNotice title="Nothing to connect yet.">
            As soon as {platform?.name ?? "this app"} offers an integration, it is here.
          </EmptyNotice>
        )}
        {found?.length === 0 && offered && offered.length > 0 && (
          <EmptyNotice title={`Nothing found for “${search.trim()}”.`} action={<Button onClick={() => setSearch("")}>Show all</Button>}>
            Try another word, or a shorter one.
          </EmptyNotice>
        )}
        <p role="status" className="sr-only">
          {found && search.trim() && `${found.length} found`}
        </p>
      </div>
    </>
  );
}

function Heading({ title = "Integrations" }: { title: string | undefined }) {
  const { platform, hasMoved } = useCatalog();
  const heading = useRef<HTMLHeadingElement>(null);
  // The link that led back here is gone, and the focus with it.
  useEffect(() => {
    if (hasMoved && document.activeElement === document.body) heading.current?.focus({ preventScroll: true });
  }, [hasMoved]);
  return (
    <div>
      <h1 ref={heading} tabIndex={-1} className="text-2xl font-semibold tracking-tight outline-none sm:text-3xl">
        {title}
      </h1>
      <p className="mt-1.5 text-[15px] text-muted">Connect {platform?.name ?? "this app"} with the tools you already use.</p>
    </div>
  );
}
