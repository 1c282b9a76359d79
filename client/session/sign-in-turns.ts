import { UnauthenticatedError } from "../api/errors.ts";
import type { SessionPartsFragment } from "../generated/graphql.ts";

/** What is asked of the gateway that may set the cookie: one at a time, or the cookie would be of another session than memory. */
export interface SignInTurns {
  /** The sign-in that is under way. */
  flight: Promise<void> | undefined;
  /** Signs in when its turn comes. No user is signed in when a new sign-in fails, or when a renewal is refused. */
  signIn(run: () => Promise<SessionPartsFragment | null>, isNew: boolean): Promise<void>;
  /** Signs out at once. `run` tells the gateway when its turn comes. */
  signOut(run: () => Promise<unknown>): Promise<unknown>;
}

/** `adopt` takes the session of the latest sign-in. */
export function createSignInTurns(adopt: (session: SessionPartsFragment | null) => void): SignInTurns {
  let last: Promise<unknown> = Promise.resolve();
  /** Grows with every sign-in and sign-out: an older answer is then dropped. */
  let epoch = 0;

  function next<Result>(run: () => Promise<Result>): Promise<Result> {
    const result = last.then(run);
    last = result.catch(() => {});
    return result;
  }

  const turns: SignInTurns = {
    flight: undefined,
    signIn(run, isNew) {
      const mine = ++epoch;
      turns.flight = next(run)
        .then(
          // What came later counts instead, also for callers that wait for this one.
          (session) => (mine === epoch ? adopt(session) : turns.flight),
          (error: unknown) => {
            if (mine !== epoch) return turns.flight;
            if (isNew || error instanceof UnauthenticatedError) adopt(null);
            throw error;
          },
        )
        .finally(() => {
          if (mine === epoch) turns.flight = undefined;
        });
      return turns.flight;
    },
    signOut(run) {
      epoch++;
      turns.flight = undefined;
      adopt(null);
      return next(run);
    },
  };
  return turns;
}
