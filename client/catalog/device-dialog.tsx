import type { DeviceCode } from "../api/types.ts";
import { Button, buttonClass } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { ExternalIcon, Spinner } from "./icons.tsx";
import { useLocale, useSentences } from "./language.tsx";
import { formatClock } from "./time.ts";

/** Shows the code that the user enters at the provider, until that is done. */
export function DeviceDialog({ code, name, onClose }: { code: DeviceCode; name: string; onClose: () => void }) {
  const { deviceCode: words, cancel } = useSentences();
  const locale = useLocale();
  const { userCode, verificationUri, verificationUriComplete, expiresAt } = code;
  const shown = verificationUri.replace(/^https?:\/\//, "");
  return (
    <Dialog title={words.title(name)} onClose={onClose}>
      <div className="mt-2 flex flex-col gap-4">
        <p className="text-sm text-muted wrap-anywhere">
          {verificationUriComplete ? words.check : words.enter(shown)}{" "}
          <time dateTime={expiresAt}>{words.validUntil(formatClock(expiresAt, locale))}</time>
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
          <span className="min-w-0 truncate">{words.open(shown)}</span> <ExternalIcon />
        </a>
        <div className="flex items-center justify-between gap-4">
          <p role="status" className="flex items-center gap-2 text-sm text-muted">
            <Spinner /> {words.waiting}
          </p>
          <Button onClick={onClose}>{cancel}</Button>
        </div>
      </div>
    </Dialog>
  );
}
