import { useCallback, useState } from "react";
import type { CatalogEntry } from "../api/types.ts";
import { Button } from "./button.tsx";
import { ConnectWaiting } from "./connect-waiting.tsx";
import { useSentences } from "./language.tsx";
import { LazyConnectDialog } from "./lazy-parts.ts";
import { Link } from "./link.tsx";
import { Mark } from "./mark.tsx";
import { ReadConsent } from "./permissions.tsx";
import { StatusBadge } from "./status-badge.tsx";
import { summarise } from "../connecting/status.ts";
import { describe } from "./status.ts";
import { useConnecting } from "./use-connecting.tsx";

/** A connector in the list: a link to its page, with what connects it beside it. `hasStatus`: a user is signed in. */
export function ConnectorCard({ connector, hasStatus }: { connector: CatalogEntry; hasStatus: boolean }) {
  const sentences = useSentences();
  const { name, slug, shortDescription, connections } = connector;
  const [asks, setAsks] = useState(false);
  const connecting = useConnecting(name);
  const close = useCallback(() => setAsks(false), []);
  const status = summarise(connections);
  const canConnect = hasStatus && (status === "none" || (status === "attention" && connections.length === 1));
  const label = status === "none" ? sentences.connect : sentences.reconnect;
  return (
    <li className="relative flex">
      <Link
        to={{ page: "connector", slug }}
        className="group flex w-full flex-col rounded-2xl border border-line bg-surface p-5 text-text no-underline transition duration-150 hover:border-line-strong hover:shadow-lift focus-visible:outline-2 focus-visible:outline-offset-2 focus-visible:outline-accent"
      >
        <Mark connector={connector} />
        <h3 className="mt-4 font-semibold tracking-tight">{name}</h3>
        <p className="mt-1 line-clamp-2 flex-1 text-sm text-pretty leading-relaxed text-muted">{shortDescription}</p>
        {hasStatus && (
          <p className={`mt-4 flex min-h-13 items-center border-t border-line pt-3 ${canConnect ? "pe-30" : ""}`}>
            <StatusBadge status={status}>{describe(sentences, connections)}</StatusBadge>
          </p>
        )}
      </Link>
      {canConnect && (
        <span className="absolute end-5 bottom-5">
          <Button onClick={() => setAsks(true)} aria-label={`${label} ${name}`} aria-haspopup="dialog">
            {label}
          </Button>
        </span>
      )}
      {connecting.dialog ||
        (asks && (
          <LazyConnectDialog slug={slug} name={name} connecting={connecting} onClose={close}>
            <ReadConsent slug={slug} name={name} />
            <ConnectWaiting connecting={connecting} />
          </LazyConnectDialog>
        ))}
    </li>
  );
}
