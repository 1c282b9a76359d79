/** How long what this gateway issues lasts, in seconds. */
export interface Lifetimes {
  /** A user token, as `provisionUser` answers it. Default: an hour. */
  userTokenSeconds: number;
  /** A session token, as `login` and `refreshSession` answer it. Default: ten minutes. */
  sessionTokenSeconds: number;
  /** A session, from its start. Default: 30 days. */
  sessionSeconds: number;
  /** A session that is not used. Default: 7 days. */
  sessionIdleSeconds: number;
  /** A one-time token. Default: a minute. */
  oneTimeTokenSeconds: number;
}

export const defaultLifetimes: Lifetimes = {
  userTokenSeconds: 3_600,
  sessionTokenSeconds: 600,
  sessionSeconds: 2_592_000,
  sessionIdleSeconds: 604_800,
  oneTimeTokenSeconds: 60,
};
