import { useState } from "react";
import { useViewer } from "../react/use-viewer.ts";
import type { Authorization, Connection, Permission } from "../api/types.ts";
import { readAsked } from "./asked.ts";
import { Button } from "./button.tsx";
import { Callout } from "./callout.tsx";
import { useCatalog } from "./context.ts";
import { CheckIcon } from "./icons.tsx";
import { useLocale, useSentences } from "./language.tsx";
import { LazyDisconnectDialog, LazyProblemCallout } from "./lazy-parts.ts";
import { Scopes } from "./permissions.tsx";
import { StatusBadge } from "./status-badge.tsx";
import { type Status, statusOf } from "../connecting/status.ts";
import { labelOf } from "./status.ts";
import { formatDate } from "./time.ts";
import type { Connecting } from "./connecting.ts";

interface ConnectionCardProps {
  connection: Connection;
  connecting: Connecting;
  /** The connector's, which say in words what the connection may do. */
  permissions: readonly Permission[];
}

/** One connection: the account, how it is, what it may do, and what can be done about it. */
export function ConnectionCard({ connection, connecting, permissions }: ConnectionCardProps) {
  const [asks, setAsks] = useState(false);
  const { status: words, reconnect, disconnecting } = useSentences();
  const { search } = useCatalog();
  const status = statusOf(connection);
  const { authorization, connector } = connection;
  const isReconnecting = connecting.target?.connectionId === connection.id;
  const label = labelOf(connection);
  const asked = status === "connected" ? readAsked(search, connection) : [];
  return (
    <li className="rounded-2xl border border-line bg-surface">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-3 p-4 @xl:p-5">
        <div className="min-w-48 flex-1">
          <h3 className="font-semibold wrap-anywhere">{label}</h3>
          <p className="mt-0.5 flex flex-wrap items-center gap-x-3 text-[13px] text-muted">
            <StatusBadge status={status}>{words[status]}</StatusBadge>
            {authorization && <ConnectedBy authorization={authorization} />}
          </p>
        </div>
        <div className="flex gap-2 @max-xl:w-full @max-xl:*:flex-1">
          <Button
            look={status === "attention" || asked.length > 0 ? "primary" : "plain"}
            busy={isReconnecting}
            onClick={() => connecting.connect(connection)}
            aria-label={`${reconnect} ${label}`}
          >
            {reconnect}
          </Button>
          <Button onClick={() => setAsks(true)} aria-label={`${disconnecting.disconnect} ${label}`}>
            {disconnecting.disconnect}
          </Button>
        </div>
      </div>
      {authorization && (
        <Details authorization={authorization} asked={asked} status={status} name={connector.name} permissions={permissions} />
      )}
      {asks && <LazyDisconnectDialog connection={connection} onClose={() => setAsks(false)} />}
    </li>
  );
}

interface DetailsProps {
  authorization: Authorization;
  asked: string[];
  status: Status;
  name: string;
  permissions: readonly Permission[];
}

/** What is wrong with it, what the app asks for besides, and what it may do. */
function Details({ authorization, asked, status, name, permissions }: DetailsProps) {
  const { connection: words } = useSentences();
  const { problem, scopes, missingScopes } = authorization;
  return (
    <div className="flex flex-col gap-4 border-t border-line p-4 @xl:p-5">
      {status !== "connected" && problem && <LazyProblemCallout cause={authorization} name={name} />}
      {missingScopes.length > 0 && (
        <Callout tone="warn">
          <p className="font-semibold">{words.missing}</p>
          <p className="mb-2">{words.missingAdvice}</p>
          <Scopes scopes={missingScopes} permissions={permissions} tone="warn" />
        </Callout>
      )}
      {asked.length > 0 && (
        <Callout tone="warn">
          <p className="font-semibold">{words.asksMore}</p>
          <p className="mb-2">{words.asksMoreAdvice}</p>
          <Scopes scopes={asked} permissions={permissions} tone="warn" />
        </Callout>
      )}
      <dl className="grid gap-x-6 gap-y-4 text-sm @xl:grid-cols-[8rem_1fr]">
        {scopes.length > 0 && (
          <>
            <dt className="text-muted @max-xl:-mb-3">{words.permissions}</dt>
            <dd>
              <Scopes scopes={scopes} permissions={permissions} />
            </dd>
          </>
        )}
        {status === "connected" && (
          <>
            <dt className="text-muted @max-xl:-mb-3">{words.access}</dt>
            <dd className="flex items-start gap-1.5">
              <CheckIcon className="mt-0.5 size-4 shrink-0 text-good-text" />
              <span>{words.untilDisconnected}</span>
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
  const { connection: words } = useSentences();
  const isTeams = viewer != null && viewer.groupId !== null;
  const who = connectedBy && (connectedBy.id === viewer?.id ? words.you : (connectedBy.name ?? words.anotherMember));
  const by = isTeams && who ? who : null;
  if (!connectedAt && !by) return null;
  const sentence = words.connected(by, connectedAt && formatDate(connectedAt, locale));
  return connectedAt ? <time dateTime={connectedAt}>{sentence}</time> : <span>{sentence}</span>;
}
