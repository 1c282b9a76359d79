import { useConnector } from "../react/use-connector.ts";
import type { Permission } from "../api/types.ts";
import { isStandardScope } from "../languages/standard-scopes.ts";
import { useCatalog } from "./context.ts";
import { CheckIcon, LockIcon } from "./icons.tsx";
import { useSentences } from "./language.tsx";
import { LazyProblemCallout } from "./lazy-parts.ts";

/** Scopes in the provider's words, each once; those without words by their own names. Providers' own words are English. */
function inWords(scopes: readonly string[], permissions: readonly Permission[]) {
  const texts = new Map(permissions.map(({ scope, text }) => [scope, text]));
  const languages = new Map(scopes.map((scope) => [texts.get(scope), isStandardScope(scope) ? undefined : "en"]));
  return {
    texts: [...languages].flatMap(([text, language]) => (text ? [{ text, language }] : [])),
    unnamed: scopes.filter((scope) => !texts.get(scope)),
  };
}

/** What scopes allow, in words; their own names are behind "Details". */
export function Scopes({
  scopes,
  permissions,
  tone = "plain",
}: {
  scopes: readonly string[];
  permissions: readonly Permission[];
  tone?: "plain" | "warn";
}) {
  const { permissions: words } = useSentences();
  const { texts, unnamed } = inWords(scopes, permissions);
  const look = tone === "warn" ? "border-warn-line bg-surface text-warn-text" : "border-line bg-page text-muted";
  return (
    <>
      <ul className="flex flex-col gap-1.5">
        {texts.map(({ text, language }) => (
          <li key={text} className="flex items-start gap-2">
            <CheckIcon className="mt-1 size-3.5 shrink-0 opacity-70" />
            <span lang={language}>{text}</span>
          </li>
        ))}
        {unnamed.length > 0 && (
          <li className="flex items-start gap-2">
            <CheckIcon className="mt-1 size-3.5 shrink-0 opacity-70" />
            <span>{words.unnamed(unnamed.length, texts.length > 0)}</span>
          </li>
        )}
      </ul>
      <details className="mt-2 text-[13px]">
        <summary className="inline-flex min-h-8 cursor-pointer items-center underline underline-offset-2">{words.details}</summary>
        <ul className="mt-1 flex flex-wrap gap-1.5" data-scopes>
          {scopes.map((scope) => (
            <li key={scope} className={`rounded-md border px-2 py-0.5 font-mono text-xs wrap-anywhere ${look}`}>
              {scope}
            </li>
          ))}
        </ul>
      </details>
    </>
  );
}

/** What the platform will be allowed to do once it is connected, what it never gets, and what it does with it. */
export function Consent({ name, permissions }: { name: string; permissions: readonly Permission[] }) {
  const { platform } = useCatalog();
  const { permissions: words, appName } = useSentences();
  const app = platform?.name ?? appName;
  const required = permissions.filter(({ isRequired }) => isRequired).map(({ scope }) => scope);
  return (
    <div className="text-sm leading-relaxed">
      <p className="mb-2 font-medium">{required.length > 0 ? words.asks(app, name) : words.asksNothing(app, name)}</p>
      {required.length > 0 && <Scopes scopes={required} permissions={permissions} />}
      <p className="mt-3 flex items-start gap-2 text-muted">
        <LockIcon className="mt-1 size-3.5 shrink-0" />
        <span>
          {required.length > 0 ? words.never(app, name) : words.onlyGiven(app)} {words.end}
          {platform?.privacyUrl && (
            <>
              {" "}
              <a href={platform.privacyUrl} target="_blank" rel="noreferrer" className="text-accent underline underline-offset-2">
                {words.privacy(app)}
              </a>
            </>
          )}
        </span>
      </p>
    </div>
  );
}

/** The same for a connector whose permissions are not known here yet. */
export function ReadConsent({ slug, name }: { slug: string; name: string }) {
  const [{ data: connector, error }] = useConnector(slug);
  if (error) return <LazyProblemCallout cause={error} name={name} />;
  return <div className="min-h-24">{connector && <Consent name={name} permissions={connector.permissions} />}</div>;
}
