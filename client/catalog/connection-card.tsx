import { useState } from "react";
import { useViewer } from "../react/use-viewer.ts";
import type { Authorization, Connection } from "../api/types.ts";
import { readAsked } from "./asked.ts";
import { Button } from "./button.tsx";
import { Callout } from "./callout.tsx";
import { CheckIcon } from "./icons.tsx";
import { useLocale, useSentences } from "./language.tsx";
import { LazyDisconnectDialog, LazyProblemCallout } from "./lazy-parts.ts";
import { Scopes } from "./scopes.tsx";
import { StatusBadge } from "./status-badge.tsx";
import { labelOf, type Status, statusOf } from "./status.ts";
import { formatDate } from "./time.ts";
import type { Connecting } from "./use-connecting.tsx";

/** One connection: the account, how it is, what it may do, and what can be done about it. */
export function ConnectionCard({ connection, connecting }: { connection: Connection; connecting: Connecting }) {
  const [asks, setAsks] = useState(false);
  const { status: words } = useSentences();
  const status = statusOf(connection);
  const { authorization, connector } = connection;
  const isReconnecting = connecting.target?.connectionId === connection.id;
  const label = labelOf(connection);
  const asked = status === "connected" ? readAsked(connection) : [];
  return (
    <li className="rounded-2xl border border-line bg-surface">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-3 p-4 sm:p-5">
        <div className="min-w-48 flex-1">
          <h3 className="font-semibold wrap-anywhere">{label}</h3>
          <p className="mt-0.5 flex flex-wrap items-center gap-x-3 text-[13px] text-muted">
            <StatusBadge status={status}>{words[status]}</StatusBadge>
            {authorization && <ConnectedBy authorization={authorization} />}
          </p>
        </div>
        <div className="flex gap-2 max-sm:w-full max-sm:*:flex-1">
          <Button
            look={status === "attention" || asked.length > 0 ? "primary" : "plain"}
            busy={isReconnecting}
            onClick={() => connecting.connect(connection)}
            aria-label={`Reconnect ${label}`}
          >
            Reconnect
          </Button>
          <Button onClick={() => setAsks(true)} aria-label={`Disconnect ${label}`}>
            Disconnect
          </Button>
        </div>
      </div>
      {authorization && <Details authorization={authorization} asked={asked} status={status} name={connector.name} />}
      {asks && <LazyDisconnectDialog connection={connection} onClose={() => setAsks(false)} />}
    </li>
  );
}

interface DetailsProps {
  authorization: Authorization;
  asked: string[];
  status: Status;
  name: string;
}

/** What is wrong with it, what the app asks for besides, and what it may do. */
function Details({ authorization, asked, status, name }: DetailsProps) {
  const { problem, scopes, missingScopes } = authorization;
  return (
    <div className="flex flex-col gap-4 border-t border-line p-4 sm:p-5">
      {status !== "connected" && problem && <LazyProblemCallout cause={authorization} name={name} />}
      {missingScopes.length > 0 && (
        <Callout tone="warn">
          <p className="font-semibold">Some permissions are missing.</p>
          <p className="mb-2">Parts of the app may not work until you reconnect and allow them.</p>
          <Scopes scopes={missingScopes} tone="warn" />
        </Callout>
      )}
      {asked.length > 0 && (
        <Callout tone="warn">
          <p className="font-semibold">The app asks for more permissions.</p>
          <p className="mb-2">Reconnect to allow them. What you have allowed before stays allowed.</p>
          <Scopes scopes={asked} tone="warn" />
        </Callout>
      )}
      <dl className="grid gap-x-6 gap-y-4 text-sm sm:grid-cols-[8rem_1fr]">
        {scopes.length > 0 && (
          <>
            <dt className="text-muted max-sm:-mb-3">Permissions</dt>
            <dd>
              <Scopes scopes={scopes} />
            </dd>
          </>
        )}
        {status === "connected" && (
          <>
            <dt className="text-muted max-sm:-mb-3">Access</dt>
            <dd className="flex items-start gap-1.5">
              <CheckIcon className="mt-0.5 size-4 shrink-0 text-good-text" />
              <span>Until it is disconnected.</span>
            </dd>
          </>
        )}
      </dl>
    </div>
  );
}

/** When it was connected, and in a team by whom: `connected by Ben on 22 November 2026`. */
function ConnectedBy({ authorization: { connectedAt, connectedBy } }: { authorization: Authorization }) {
  const [{ data: viewer }] = useViewer();
  const locale = useLocale();
  const isTeams = viewer != null && viewer.groupId !== null;
  const who = connectedBy && (connectedBy.id === viewer?.id ? "you" : (connectedBy.name ?? "another member of your team"));
  const by = isTeams && who ? ` by ${who}` : "";
  if (!connectedAt && !by) return null;
  return (
    <span>
      connected{by}
      {connectedAt && (
        <>
          {" "}
          on <time dateTime={connectedAt}>{formatDate(connectedAt, locale)}</time>
        </>
      )}
    </span>
  );
}
