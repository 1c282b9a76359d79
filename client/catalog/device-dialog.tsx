import type { DeviceCode } from "../api/types.ts";
import { Button, buttonClass } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { ExternalIcon, Spinner } from "./icons.tsx";

/** Shows the code that the user enters at the provider, until that is done. */
export function DeviceDialog({ code, name, onClose }: { code: DeviceCode; name: string; onClose: () => void }) {
  const { userCode, verificationUri, verificationUriComplete, expiresAt } = code;
  const shown = verificationUri.replace(/^https?:\/\//, "");
  return (
    <Dialog title={`Connect ${name}`} onClose={onClose}>
      <div className="mt-2 flex flex-col gap-4">
        <p className="text-sm text-muted wrap-anywhere">
          {verificationUriComplete ? "Check that the page that opens shows this code." : `Enter this code at ${shown}.`} It works until{" "}
          <time dateTime={expiresAt}>{new Date(expiresAt).toLocaleTimeString(undefined, { timeStyle: "short" })}</time>.
        </p>
        <p className="rounded-lg border border-line-strong p-3 text-center text-2xl font-semibold tracking-widest wrap-anywhere select-all">
          {userCode}
        </p>
        <a
          href={verificationUriComplete ?? verificationUri}
          target="_blank"
          rel="noopener noreferrer"
          autoFocus
          className={buttonClass("primary")}
        >
          <span className="min-w-0 truncate">Open {shown}</span> <ExternalIcon />
        </a>
        <div className="flex items-center justify-between gap-4">
          <p role="status" className="flex items-center gap-2 text-sm text-muted">
            <Spinner /> Waiting for you there…
          </p>
          <Button onClick={onClose}>Cancel</Button>
        </div>
      </div>
    </Dialog>
  );
}
