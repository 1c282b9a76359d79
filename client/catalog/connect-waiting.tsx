import { Button, buttonClass } from "./button.tsx";
import { Callout } from "./callout.tsx";
import { ExternalIcon } from "./icons.tsx";
import { useSentences } from "./language.tsx";
import type { Connecting } from "./connecting.ts";

/** While another window connects: where to go on, and the way out. */
export function ConnectWaiting({ connecting: { cancel, blockedUrl } }: { connecting: Connecting }) {
  const { connecting: words, cancel: label } = useSentences();
  if (!cancel) return null;
  const action = (
    <span className="flex flex-wrap gap-2">
      {blockedUrl !== null && (
        <a href={blockedUrl} target="_blank" rel="noopener" className={buttonClass("primary")}>
          {words.openTab}
        </a>
      )}
      <Button onClick={cancel}>{label}</Button>
    </span>
  );
  return (
    <div role="status">
      <Callout tone={blockedUrl === null ? "plain" : "warn"} icon={<ExternalIcon />} action={action}>
        {blockedUrl === null ? words.window : words.blocked}
      </Callout>
    </div>
  );
}
