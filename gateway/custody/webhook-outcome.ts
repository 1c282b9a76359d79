const explanations: Record<string, string> = {
  private_address: "its host has a private address: set allow_private_addresses if that is right",
  timeout: "it did not answer in time",
  unreachable: "it cannot be reached",
  connection_lost: "the connection was lost before it answered",
};

/** Why a webhook did not accept an event, in the operator's words. */
export const explainOutcome = (outcome: string): string => explanations[outcome] ?? outcome;
