import { useDisconnect } from "../react/use-disconnect.ts";
import { useViewer } from "../react/use-viewer.ts";
import type { Connection } from "../api/types.ts";
import { Button } from "./button.tsx";
import { useCatalog } from "./context.ts";
import { Dialog } from "./dialog.tsx";
import { useSentences } from "./language.tsx";
import { ProblemCallout } from "./problem-callout.tsx";
import { labelOf } from "./status.ts";

/** Asks before it disconnects: what stops working cannot be undone by a second click. */
export function DisconnectDialog({ connection, onClose }: { connection: Connection; onClose: () => void }) {
  const { platform, announce } = useCatalog();
  const { disconnecting: words, appName, cancel } = useSentences();
  const [{ fetching, error }, disconnect] = useDisconnect();
  const [{ data: viewer }] = useViewer();
  const { name } = connection.connector;

  async function confirm() {
    const result = await disconnect({ id: connection.id });
    if (result.error) return;
    announce(words.disconnected(name));
    onClose();
  }

  return (
    <Dialog title={words.title(labelOf(connection))} onClose={onClose}>
      <p className="mt-2 text-sm leading-relaxed text-muted">{words.consequence(platform?.name ?? appName, name)}</p>
      {viewer?.groupId != null && <p className="mt-2 text-sm font-medium leading-relaxed">{words.teamConsequence}</p>}
      {error && (
        <div className="mt-4">
          <ProblemCallout cause={error} name={name} />
        </div>
      )}
      <div className="mt-6 flex flex-col-reverse gap-2 @xl:flex-row @xl:justify-end">
        <Button onClick={onClose}>{cancel}</Button>
        <Button look="danger" busy={fetching} onClick={confirm}>
          {words.disconnect}
        </Button>
      </div>
    </Dialog>
  );
}
