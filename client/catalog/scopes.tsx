/** A list of permissions, by the provider's own names. */
export function Scopes({ scopes, tone = "plain" }: { scopes: string[]; tone?: "plain" | "warn" }) {
  const look = tone === "warn" ? "border-warn-line bg-surface text-warn-text" : "border-line bg-page text-muted";
  return (
    <ul className="flex flex-wrap gap-1.5">
      {scopes.map((scope) => (
        <li key={scope} className={`rounded-md border px-2 py-0.5 font-mono text-xs wrap-anywhere ${look}`}>
          {scope}
        </li>
      ))}
    </ul>
  );
}
