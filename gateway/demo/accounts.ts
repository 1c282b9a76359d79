/** A person at the demo provider. */
export interface DemoAccount {
  readonly id: string;
  readonly name: string;
  readonly email: string;
}

/** The two people one can sign in as, without a password. */
export const demoAccounts: readonly DemoAccount[] = [
  { id: "ada", name: "Ada Lovelace", email: "ada@example.test" },
  { id: "grace", name: "Grace Hopper", email: "grace@example.test" },
];

export function findAccount(id: string | undefined): DemoAccount | null {
  return demoAccounts.find((account) => account.id === id) ?? null;
}
