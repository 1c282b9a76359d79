import type { ConnectionAnswer, ViewerAnswer } from "./response-schemas.ts";

type Answer = Pick<ConnectionAnswer, "token_problem" | "authorization">;

/** What the upstream has shown of itself since this process started, by its answers about single connections. */
export interface UpstreamTraits {
  /** Whether it is a gateway of this project, by its answers to questions for tokens. */
  isOfThisProject(): boolean;
  /** Whether it leaves the token out where it is asked to (`access_token=false`). */
  omitsTokens(): boolean;
  /** Whether it says beside a connection whose the bearer is (`viewer=true`), and gives members of groups no token. */
  statesViewer(): boolean;
  /** Notes an answer that was asked for without its token. */
  noteStatus(connection: Answer): void;
  /** Notes an answer that was asked for with its token. `viewer` is undefined to a server. */
  noteToken(connection: Answer, viewer?: ViewerAnswer | null): void;
}

export function createUpstreamTraits(): UpstreamTraits {
  const shown = { omitsTokens: false, statesViewer: false, isCareless: false };
  // A service that states why there is a token, or none, knows the parameters of this project (contract, "Tokens").
  const noteWords = ({ token_problem: problem }: Answer) => void (shown.omitsTokens = problem !== undefined);
  // One that knows them and does not heed them is taken for one that does not know them, until this process ends.
  const noteUnwanted = ({ authorization }: Answer) => {
    if (authorization?.access_token != null) shown.isCareless = true;
  };
  return {
    isOfThisProject: () => shown.omitsTokens,
    omitsTokens: () => shown.omitsTokens && !shown.isCareless,
    statesViewer: () => shown.statesViewer && !shown.isCareless,
    noteStatus(connection) {
      noteWords(connection);
      if (shown.omitsTokens) noteUnwanted(connection);
    },
    noteToken(connection, viewer) {
      noteWords(connection);
      if (viewer === undefined) return;
      shown.statesViewer = viewer !== null;
      if (viewer !== null && viewer.before.external_group_id !== null) noteUnwanted(connection);
    },
  };
}
