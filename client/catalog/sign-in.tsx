import { buttonClass } from "./button.tsx";
import { Callout } from "./callout.tsx";
import { useCatalog } from "./context.ts";
import { LockIcon } from "./icons.tsx";
import { useSentences } from "./language.tsx";
import { signInUrl } from "./return-to.ts";

/** The way to sign in, for those who are not: at the platform. */
export function SignIn({ sentence }: { sentence: string }) {
  const { platform } = useCatalog();
  const url = platform?.loginRedirectUrl;
  const { signIn: words, appName } = useSentences();
  const name = platform?.name ?? appName;
  return (
    <Callout
      tone="plain"
      icon={<LockIcon />}
      action={
        url && (
          <a href={signInUrl(url)} className={buttonClass("primary")}>
            {words.signIn}
          </a>
        )
      }
    >
      <p className="font-medium text-text">{sentence}</p>
      <p>{url ? words.there(name) : words.openFirst(name)}</p>
    </Callout>
  );
}
