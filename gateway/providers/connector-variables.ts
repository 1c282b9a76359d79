import type { VariableRule } from "../oauth/provider-requests.ts";
import type { Provider } from "./provider.ts";
import { describeRule, labelRule, readValue } from "./variable-value.ts";

/** What an entry of the configuration says of its provider's variables. The provider has no facts while others of its problems are told. */
interface WrittenVariables {
  provider?: Partial<Provider> | undefined;
  variables: Readonly<Record<string, string>>;
  allowed_hosts: string[];
}

/** Values that no user is asked for: the operator's, else the provider's defaults. */
export function fixedVariables(written: WrittenVariables): Record<string, string> {
  const defaults = (written.provider?.facts?.variables ?? []).flatMap(({ name, from, default: value }) =>
    value === undefined || from !== "user" ? [] : [[name, value]],
  );
  const rules = rulesOf(written);
  const stated = Object.entries(written.variables).map(([name, value]) => [name, readValue(rules[name] ?? labelRule, value) ?? value]);
  return { ...Object.fromEntries(defaults), ...Object.fromEntries(stated) };
}

/** The provider's rules, with the hosts that this connector allows. None while others of its facts are looked for problems. */
export function rulesOf({ provider, allowed_hosts: allowedHosts }: WrittenVariables): Record<string, VariableRule> {
  const rules = Object.entries(provider?.rules ?? {});
  return Object.fromEntries(rules.map(([name, rule]) => [name, { ...rule, allowedHosts }]));
}

/** Values of the operator's that break a rule. */
export function wrongVariablesIn(written: WrittenVariables): [path: string[], message: string][] {
  const rules = rulesOf(written);
  return Object.entries(written.variables).flatMap(([name, value]): [string[], string][] => {
    const rule = rules[name];
    return rule === undefined || readValue(rule, value) !== null ? [] : [[["variables", name], describeRule("It", rule)]];
  });
}
