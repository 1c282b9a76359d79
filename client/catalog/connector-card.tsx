import type { ListedConnector } from "../api/types.ts";
import { useSentences } from "./language.tsx";
import { Link } from "./link.tsx";
import { Mark } from "./mark.tsx";
import { StatusBadge } from "./status-badge.tsx";
import { describe, summarise } from "./status.ts";

/** A connector in the list: the whole card is the link to its page. `hasStatus`: a user is signed in. */
export function ConnectorCard({ connector, hasStatus }: { connector: ListedConnector; hasStatus: boolean }) {
  const sentences = useSentences();
  return (
    <li className="flex">
      <Link
        to={{ page: "connector", slug: connector.slug }}
        className="group flex w-full flex-col rounded-2xl border border-line bg-surface p-5 text-text no-underline transition duration-150 hover:border-line-strong hover:shadow-lift focus-visible:outline-2 focus-visible:outline-offset-2 focus-visible:outline-accent"
      >
        <Mark connector={connector} />
        <h2 className="mt-4 font-semibold tracking-tight">{connector.name}</h2>
        <p className="mt-1 line-clamp-2 flex-1 text-sm text-pretty leading-relaxed text-muted">{connector.shortDescription}</p>
        {hasStatus && (
          <p className="mt-4 flex border-t border-line pt-3.5">
            <StatusBadge status={summarise(connector.connections)}>{describe(sentences, connector.connections)}</StatusBadge>
          </p>
        )}
      </Link>
    </li>
  );
}
