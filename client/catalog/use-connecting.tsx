import { useState } from "react";
import type { CollectRequest } from "../connecting/connect.ts";
import { cancelled } from "../connecting/connect-window.ts";
import { ConnectError } from "../api/errors.ts";
import { useXkit } from "../react/provider.tsx";
import { type ConnectTarget, useConnect } from "../react/use-connect.ts";
import type { Connecting } from "./connecting.ts";
import { useCatalog } from "./context.ts";
import type { DeviceCode } from "../api/types.ts";
import { useSentences } from "./language.tsx";
import { LazyCollectDialog, LazyDeviceDialog } from "./lazy-parts.ts";
import { pageWithoutAsked, readAsked, readKind } from "./asked.ts";
import { readReturnTo } from "./return-to.ts";

interface Collecting {
  request: CollectRequest;
  submit: (values: Record<string, string>) => void;
  reject: (reason: Error) => void;
}

/** Connecting from a page of the catalog, with the form for what has to be collected. It ends where `?returnTo=` says, else on this page. */
export function useConnecting(name: string): Connecting {
  const { popup, announce, search } = useCatalog();
  const { connecting: words } = useSentences();
  const xkit = useXkit();
  const [{ fetching, error }, connect, stop] = useConnect();
  const [target, setTarget] = useState<Connecting["target"]>(null);
  const [collecting, setCollecting] = useState<Collecting | null>(null);

  const [code, setCode] = useState<DeviceCode | null>(null);
  const [blockedUrl, setBlockedUrl] = useState<string | null>(null);

  const collect = (request: CollectRequest) =>
    new Promise<Record<string, string>>((submit, reject) => setCollecting({ request, submit, reject }));

  async function run(to: ConnectTarget, add: boolean): Promise<void> {
    setCollecting(null);
    setCode(null);
    setBlockedUrl(null);
    setTarget({ connectionId: typeof to === "object" && "connector" in to ? to.id : null, adds: add });
    const scopes = typeof to === "object" && "connector" in to ? readAsked(search, to) : [];
    const returnTo = popup ? null : (readReturnTo(search) ?? (scopes.length > 0 ? pageWithoutAsked() : null));
    const kind = readKind(search);
    const result = await connect(to, {
      popup,
      add,
      collect,
      showCode: setCode,
      onBlocked: setBlockedUrl,
      ...(returnTo !== null && { returnTo }),
      ...(scopes.length > 0 && { scopes }),
      ...(kind && { kind }),
    });
    if (!result.data) return;
    announce(words.connected(name));
    // Connected without a visit to a provider, whose way back ends there. The gateway has judged it.
    if (returnTo !== null) location.assign(new URL(returnTo, xkit.url));
  }

  function cancel(): void {
    collecting?.reject(cancelled());
    stop();
  }

  return {
    target: fetching ? target : null,
    error: error instanceof ConnectError && error.code === "cancelled" && !popup ? undefined : error,
    connect: (to) => void run(to, false),
    add: (slug) => void run(slug, true),
    cancel: fetching && popup ? cancel : null,
    blockedUrl: fetching ? blockedUrl : null,
    dialog:
      fetching &&
      (code ? (
        <LazyDeviceDialog code={code} name={name} onClose={cancel} />
      ) : (
        collecting && <LazyCollectDialog request={collecting.request} onSubmit={collecting.submit} onClose={cancel} />
      )),
  };
}
