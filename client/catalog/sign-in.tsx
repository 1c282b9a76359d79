import { buttonClass } from "./button.tsx";
import { Callout } from "./callout.tsx";
import { useCatalog } from "./context.ts";
import { LockIcon } from "./icons.tsx";
import { signInUrl } from "./return-to.ts";

/** The way to sign in, for those who are not: at the platform. */
export function SignIn({ sentence }: { sentence: string }) {
  const { platform } = useCatalog();
  const url = platform?.loginRedirectUrl;
  const name = platform?.name ?? "the app";
  return (
    <Callout
      tone="plain"
      icon={<LockIcon />}
      action={
        url && (
          <a href={signInUrl(url)} className={buttonClass("primary")}>
            Sign in
          </a>
        )
      }
    >
      <p className="font-medium text-text">{sentence}</p>
      <p>{url ? `You sign in at ${name} and come back here.` : `Open ${name}, sign in there, and come back.`}</p>
    </Callout>
  );
}
