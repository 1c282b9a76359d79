import { useEffect, useRef } from "react";
import { useCatalogEntries } from "../react/use-catalog-entries.ts";
import { useConnectors } from "../react/use-connectors.ts";
import type { ReadingState } from "../react/use-reading.ts";
import { useViewer } from "../react/use-viewer.ts";
import type { CatalogEntry, ListedConnector } from "../api/types.ts";
import { Button } from "./button.tsx";
import { Callout } from "./callout.tsx";
import { ConnectorCard } from "./connector-card.tsx";
import { useCatalog, useTitle } from "./context.ts";
import { FilterChips, passes } from "./filter-chips.tsx";
import { useSentences } from "./language.tsx";
import { LazyProblemCallout } from "./lazy-parts.ts";
import { useListQuery } from "./list-query.ts";
import { EmptyNotice } from "./notices.tsx";
import { findMatches } from "./search.ts";
import { SearchField } from "./search-field.tsx";
import { SignIn } from "./sign-in.tsx";
import { ListSkeleton } from "./skeletons.tsx";
import { groupOf, type Group, rankOf, summarise } from "../connecting/status.ts";
import { useRetry } from "./use-retry.ts";

export interface ListPageProps {
  title: string | undefined;
  hideTitle: boolean;
  hideSearch: boolean;
  filter?: ((connector: ListedConnector) => boolean) | undefined;
}

/** The catalog's list. A filter of the app's may look at everything; without one, only what is shown is asked for. */
export function ListPage({ filter, ...rest }: ListPageProps) {
  return filter ? <FilteredList filter={filter} {...rest} /> : <WholeList {...rest} />;
}

function FilteredList({ filter, ...rest }: ListPageProps & { filter: NonNullable<ListPageProps["filter"]> }) {
  const [state, refetch] = useConnectors();
  return <List {...rest} state={{ ...state, data: state.data?.filter(filter) }} refetch={refetch} />;
}

function WholeList(props: Omit<ListPageProps, "filter">) {
  const [state, refetch] = useCatalogEntries();
  return <List {...props} state={state} refetch={refetch} />;
}

interface ListProps extends Omit<ListPageProps, "filter"> {
  state: ReadingState<CatalogEntry[]>;
  refetch: () => void;
}

/** What needs its user, what is connected, and the rest. */
function List({ title, hideTitle, hideSearch, state: { data: entries, error, fetching }, refetch }: ListProps) {
  const [{ data: viewer }] = useViewer();
  const { platform, isSettled } = useCatalog();
  const { list: words, appName, tryAgain } = useSentences();
  const retry = useRetry(refetch);
  useTitle(words.title);
  const [query, setQuery] = useListQuery();
  // What is said to those who are not signed in would push the list down.
  const offered = isSettled ? entries : undefined;
  const found = offered && findMatches(offered, query.q).filter((entry) => passes(entry, query.filter));
  const search = query.q.trim();
  return (
    <>
      <div className="flex flex-wrap items-end justify-between gap-x-8 gap-y-5">
        {!hideTitle && <Heading title={title} />}
        {!hideSearch && <SearchField value={query.q} onChange={(q) => setQuery({ q })} />}
      </div>
      <div className="mt-8 flex flex-col gap-6">
        {offered && viewer === null && <SignIn sentence={words.signIn} />}
        {error && (
          <LazyProblemCallout
            cause={error}
            name={words.theCatalog}
            action={
              <Button busy={fetching} onClick={retry}>
                {tryAgain}
              </Button>
            }
          />
        )}
        {offered && <Attention entries={offered} filter={query.filter} onShow={() => setQuery({ filter: "attention", q: "" })} />}
        {offered && !hideSearch && <FilterChips entries={offered} filter={query.filter} onChange={(next) => setQuery({ filter: next })} />}
        {!found && !error && <ListSkeleton />}
        {found && <Groups entries={found} hasStatus={!!viewer} />}
        {offered?.length === 0 && (
          <EmptyNotice title={words.nothingOffered}>{words.nothingOfferedAdvice(platform?.name ?? appName)}</EmptyNotice>
        )}
        {found?.length === 0 && offered && offered.length > 0 && (
          <EmptyNotice
            title={search ? words.nothingFound(search) : words.nothingFiltered}
            action={<Button onClick={() => setQuery({ q: "", filter: "" })}>{words.showAll}</Button>}
          >
            {words.nothingFoundAdvice}
          </EmptyNotice>
        )}
        <p role="status" className="sr-only">
          {found && (search || query.filter) && words.found(found.length)}
        </p>
      </div>
    </>
  );
}

/** How many connectors need their user, with the way to them. */
function Attention({ entries, filter, onShow }: { entries: readonly CatalogEntry[]; filter: string; onShow: () => void }) {
  const { list: words } = useSentences();
  const needy = entries.filter(({ connections }) => summarise(connections) === "attention").length;
  if (needy === 0) return null;
  return (
    <Callout tone="warn" action={filter !== "attention" && entries.length > needy && <Button onClick={onShow}>{words.show}</Button>}>
      <p className="font-semibold">{words.attention(needy)}</p>
    </Callout>
  );
}

const groups: readonly Group[] = ["attention", "connected", "available"];

/** The list under its headings. Where no user is signed in, it is one. */
function Groups({ entries, hasStatus }: { entries: readonly CatalogEntry[]; hasStatus: boolean }) {
  const { list: words } = useSentences();
  const ranked = entries.toSorted((one, other) => rankOf(one.connections) - rankOf(other.connections));
  return groups.map((group) => {
    const members = ranked.filter(({ connections }) => groupOf(connections) === group);
    if (members.length === 0) return null;
    return (
      <section key={group} aria-labelledby={`xk-${group}`}>
        <h2 id={`xk-${group}`} className={hasStatus ? "mb-3 text-sm font-semibold text-muted" : "sr-only"}>
          {hasStatus ? words.groups[group] : words.all}
        </h2>
        <ul className="grid grid-cols-1 gap-3 @2xl:grid-cols-2 @4xl:grid-cols-3">
          {members.map((entry) => (
            <ConnectorCard key={entry.slug} connector={entry} hasStatus={hasStatus} />
          ))}
        </ul>
      </section>
    );
  });
}

function Heading({ title }: { title: string | undefined }) {
  const { platform, hasMoved } = useCatalog();
  const { list: words } = useSentences();
  const heading = useRef<HTMLHeadingElement>(null);
  // The link that led back here is gone, and the focus with it.
  useEffect(() => {
    if (hasMoved && document.activeElement === document.body) heading.current?.focus({ preventScroll: true });
  }, [hasMoved]);
  return (
    <div className="min-w-0 flex-1 basis-md">
      <h1 ref={heading} tabIndex={-1} className="text-2xl font-semibold tracking-tight outline-none @xl:text-3xl">
        {title ?? words.title}
      </h1>
      {/* As high before the platform's name is known, however long it is: what grows pushes the list down. */}
      <p className="mt-1.5 line-clamp-2 min-h-[3em] text-[15px] text-muted @3xl:line-clamp-1 @3xl:min-h-[1.5em]">
        {platform && words.subtitle(platform.name)}
      </p>
    </div>
  );
}
