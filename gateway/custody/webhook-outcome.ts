const explanations: Record<string, string> = {
  private_address: "its host has a private address, which allow_private_addresses allows",
  timeout: "it did not answer in time",
  unreachable: "it cannot be reached",
  connection_lost: "the connection was lost before it answered",
};

/** Why a webhook has not taken an event, in the operator's words. */
export const explainOutcome = (outcome: string): string => explanations[outcome] ?? outcome;
