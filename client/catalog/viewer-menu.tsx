import { initialsOf } from "../design/initials.ts";
import { useXkit } from "../react/provider.tsx";
import { useViewer } from "../react/use-viewer.ts";
import { useSentences } from "./language.tsx";

/** Who is signed in, in which team, and the way out. */
export function ViewerMenu() {
  const xkit = useXkit();
  const { viewer: words } = useSentences();
  const [{ data: viewer }] = useViewer();
  if (!viewer) return null;
  const { id, name, groupId } = viewer;
  return (
    <div className="flex min-w-0 items-center gap-2 text-sm sm:max-w-1/2 sm:gap-2.5">
      <span
        aria-hidden
        className="grid size-8 shrink-0 place-items-center rounded-full border border-line-strong bg-hover text-xs font-semibold text-text"
      >
        {initialsOf(name ?? id)}
      </span>
      <span className="min-w-0 leading-tight">
        <span className="block truncate text-text">
          <span className="sr-only">{words.signedInAs} </span>
          {name ?? id}
          {name !== null && name !== id && <span className="max-sm:hidden"> ({id})</span>}
        </span>
        {groupId !== null && <span className="block truncate text-[13px] text-muted">{words.team(groupId)}</span>}
      </span>
      <button
        type="button"
        onClick={() => void xkit.logout().catch(() => location.reload())}
        className="min-h-10 shrink-0 cursor-pointer sm:ms-1 text-muted underline underline-offset-2 hover:text-text"
      >
        {words.signOut}
      </button>
    </div>
  );
}
