import type { Language } from "../../client/languages/language.ts";
import { namedLanguageOf } from "../http/language.ts";
import type { Attempts } from "../vault/attempts.ts";
import { ATTEMPT_LIFETIME_SECONDS } from "../vault/attempts.ts";
import { createSecret, hashSecret } from "../store/sealing.ts";
import type { Cookies } from "./cookies.ts";

/** Attempts that one browser can have under way. The oldest is dropped for a newer one, so that headers stay short. */
export const MAXIMUM_BINDINGS = 8;
/** How much of a state's hash names its cookie, in characters of base64url: 96 bits. */
const NAME_CHARACTERS = 16;

/**
 * What binds a started authorization to the browser that goes on with it: 32 random bytes of its own for each attempt, in a cookie that is
 * named from the hash of the state and lasts as long as the state. Only the secret's hash is stored, and the secret cannot be computed
 * from anything else.
 */
export interface Bindings {
  /** What this browser holds for an attempt, or null. */
  find(request: Request, stateHash: string): string | null;
  /**
   * Makes secrets for attempts that one request starts or takes over. `setCookie` is called with the headers that give them to the browser,
   * and that keep the language of the pages on the way. Default: the one that the address names, if it names one.
   */
  create(request: Request, setCookie: (header: string) => void, language?: Language | null): (stateHash: string) => string;
  /** A `Set-Cookie` header that ends one. */
  clear(stateHash: string): string;
  /** `Set-Cookie` headers that end all that this browser holds. */
  clearAll(request: Request): string[];
  /**
   * At login: what this browser holds for attempts of that user is exchanged for new secrets, and everything else ends, so that nothing
   * that was planted before counts afterwards. Answers the `Set-Cookie` headers.
   */
  rotate(request: Request, userId: string): Promise<string[]>;
}

export interface BindingsOptions {
  cookies: Cookies;
  attempts: Pick<Attempts, "listPending" | "rebind">;
}

export function createBindings({ cookies: { attempt: cookies, language: languageCookie }, attempts }: BindingsOptions): Bindings {
  const nameOf = (stateHash: string) => stateHash.slice(0, NAME_CHARACTERS);

  return {
    find: (request, stateHash) => cookies.parse(request).get(nameOf(stateHash)) ?? null,

    create(request, setCookie, language = namedLanguageOf(request)) {
      const held = [...cookies.parse(request).keys()];
      let isSaid = language === null;
      return (stateHash) => {
        if (language !== null && !isSaid) setCookie(languageCookie.serialize(language, ATTEMPT_LIFETIME_SECONDS));
        isSaid = true;
        const secret = createSecret();
        setCookie(cookies.serialize(nameOf(stateHash), secret, ATTEMPT_LIFETIME_SECONDS));
        held.push(nameOf(stateHash));
        for (const oldest of held.splice(0, held.length - MAXIMUM_BINDINGS)) setCookie(cookies.clear(oldest));
        return secret;
      };
    },

    clear: (stateHash) => cookies.clear(nameOf(stateHash)),
    clearAll: (request) => [...cookies.parse(request).keys()].map(cookies.clear),

    async rotate(request, userId) {
      const held = cookies.parse(request);
      if (held.size === 0) return [];
      const pending = new Map((await attempts.listPending(userId)).map((row) => [nameOf(row.state_hash), row]));
      const rotate = async ([name, current]: [string, string]): Promise<string[]> => {
        const row = pending.get(name);
        if (!row) return [cookies.clear(name)];
        const secret = createSecret();
        // Not this browser's any more, or rotated by another request of it at this moment, whose cookie must stay.
        if (!(await attempts.rebind(row.state_hash, userId, secret, hashSecret(current)))) return [];
        return [cookies.serialize(name, secret, ATTEMPT_LIFETIME_SECONDS)];
      };
      return (await Promise.all([...held].map(rotate))).flat();
    },
  };
}
