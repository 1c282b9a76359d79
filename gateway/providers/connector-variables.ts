import { refusals } from "../../client/languages/en.ts";
import type { VariableRule } from "../oauth/provider-requests.ts";
import type { FieldConfig, WrittenField } from "./collect.ts";
import type { ParsedFacts } from "./format.ts";
import { type Provider, ruleOf } from "./provider.ts";
import { namesIn, templateFieldsOf } from "./template.ts";
import { describeRule, labelRule, readValue } from "./variable-value.ts";

/** What an entry of the configuration says of its provider's variables. The provider has no facts while problems of others are reported. */
interface WrittenVariables {
  provider?: Partial<Provider> | undefined;
  variables: Readonly<Record<string, string>>;
  allowed_hosts: string[];
  collect?: { fields: readonly WrittenField[] } | undefined;
}

/** Values that no user is asked for: the operator's, else the provider's defaults, of what the connector's own fields do not ask. */
export function fixedVariables(written: WrittenVariables): Record<string, string> {
  const asked = new Set(fieldsOf(written).map(({ name }) => name));
  const defaults = (written.provider?.facts?.variables ?? []).flatMap(({ name, from, default: value }) =>
    value === undefined || from !== "user" || asked.has(name) ? [] : [[name, value]],
  );
  const rules = rulesOf(written);
  const stated = Object.entries(written.variables).map(([name, value]) => [name, readValue(rules[name] ?? labelRule, value) ?? value]);
  return { ...Object.fromEntries(defaults), ...Object.fromEntries(stated) };
}

const fieldsOf = ({ collect }: WrittenVariables): readonly WrittenField[] => collect?.fields ?? [];

/**
 * The provider's rules, with the hosts that this connector allows, and what its own fields say. None while other facts are checked for
 * problems.
 */
export function rulesOf(written: WrittenVariables): Record<string, VariableRule> {
  const { provider, allowed_hosts: allowedHosts } = written;
  const rules = Object.fromEntries(Object.entries(provider?.rules ?? {}).map(([name, rule]) => [name, { ...rule, allowedHosts }]));
  const inAddress: ReadonlySet<string> = provider?.protocol ? templateFieldsOf(provider.protocol) : new Set();
  const own = fieldsOf(written).flatMap(({ name, optional, secret, enum: values }): [string, VariableRule][] => {
    if (optional === undefined && values === undefined) return [];
    const may = inAddress.has(name) ? labelRule.may : "param";
    const base: VariableRule = rules[name] ?? { ...labelRule, may, isSecret: secret ?? false, allowedHosts };
    const allowed = values?.map((value) => readValue({ ...base, enum: null }, value) ?? value);
    return [[name, { ...base, isOptional: optional ?? base.isOptional, enum: allowed ?? base.enum }]];
  });
  return { ...rules, ...Object.fromEntries(own) };
}

/** A sentence about a value as the rest of one whose subject is the setting. */
const toProblem = (rule: VariableRule, text: string | null = null): string =>
  describeRule(refusals, "", rule, text).trim().replace(/\.$/, "");

/** Values of the operator's that break a rule. */
export function wrongVariablesIn(written: WrittenVariables): [path: string[], message: string][] {
  const rules = rulesOf(written);
  return Object.entries(written.variables).flatMap(([name, value]): [string[], string][] => {
    const rule = rules[name];
    return rule === undefined || readValue(rule, value) !== null ? [] : [[["variables", name], toProblem(rule, value)]];
  });
}

/** Defaults of the provider's that break the rule of their own variable: with them no request could be made. */
export const wrongDefaultsIn = ({ provider, allowed_hosts: allowedHosts }: WrittenVariables): [path: string[], message: string][] =>
  (["variables", "collect"] as const).flatMap((key) =>
    (provider?.facts?.[key] ?? []).flatMap((variable, index): [string[], string][] => {
      const { default: value } = variable;
      const rule = { ...ruleOf(variable), allowedHosts };
      return value === undefined || readValue(rule, value) !== null
        ? []
        : [[["provider", key, String(index), "default"], toProblem(rule, value)]];
    }),
  );

/** When a value becomes known, in this order: with the user's form, with the callback, with the tokens. */
const stages = ["user", "callback", "token"] as const;

/** When the value of a placeholder becomes known. */
function stageOf({ variables, metadata }: ParsedFacts, name: string): (typeof stages)[number] {
  const source = metadata[name] ?? "field:";
  const ofMetadata = source.startsWith("field:") ? "user" : source.startsWith("callback:") ? "callback" : "token";
  return variables.find((variable) => variable.name === name)?.from ?? ofMetadata;
}

/** Endpoints that hold what may not be known when they are asked: what a user may leave empty, or is told later. */
export function earlyEndpointsIn(
  { protocol, facts }: Partial<Provider>,
  fixed: Readonly<Record<string, string>>,
  fields: readonly Pick<FieldConfig, "name" | "optional" | "default">[],
): [path: string[], message: string][] {
  if (!protocol || !facts) return [];
  const isKnown = (name: string, last: (typeof stages)[number]): boolean => {
    const field = fields.find((each) => each.name === name);
    if (field) return !field.optional || field.default !== null;
    const hasDefault = facts.variables.some((variable) => variable.name === name && variable.default !== undefined);
    return Object.hasOwn(fixed, name) || hasDefault || stages.indexOf(stageOf(facts, name)) <= stages.indexOf(last);
  };
  const look = (key: string, url: string | null, last: "user" | "callback"): [path: string[], message: string][] =>
    namesIn(url)
      .filter((name) => !isKnown(name, last))
      .map((name) => [["provider", key], `holds {${name}}, which may be unknown when users are asked: give the variable a default`]);
  const { grantType } = protocol;
  return [
    ...(grantType === "authorization_code" ? look("authorization_endpoint", protocol.authorizationEndpoint, "user") : []),
    ...look("pushed_authorization_request_endpoint", protocol.pushedAuthorizationRequestEndpoint, "user"),
    ...(grantType === "device_code" ? look("device_authorization_endpoint", protocol.deviceAuthorizationEndpoint, "user") : []),
    ...look("token_endpoint", protocol.tokenEndpoint, grantType === "authorization_code" ? "callback" : "user"),
  ];
}

/** What is wrong with the connector's own fields. */
export function fieldProblemsIn(written: WrittenVariables): [path: string[], message: string][] {
  const rules = rulesOf(written);
  const { facts } = written.provider ?? {};
  const known = new Map([...(facts?.variables ?? []), ...(facts?.collect ?? [])].map((variable) => [variable.name, variable]));
  return fieldsOf(written).flatMap(({ name, label, default: preset, enum: values = [] }, index): [string[], string][] => {
    const path = (key: string) => ["collect", "fields", String(index), key];
    const rule = rules[name];
    const usual = known.get(name)?.default;
    const isWrong = (value: string) => rule !== undefined && readValue(rule, value) === null;
    return [
      ...(label === undefined && !known.has(name) ? [[path("label"), "is required"] satisfies [string[], string]] : []),
      ...(Object.hasOwn(written.variables, name)
        ? [[path("name"), "is asked of users, and also has a value in variables: remove one of them"] satisfies [string[], string]]
        : []),
      ...(preset !== undefined && rule && isWrong(preset) ? [[path("default"), toProblem(rule)] satisfies [string[], string]] : []),
      ...(preset === undefined && usual !== undefined && isWrong(usual)
        ? [[path("default"), `is required: the provider's default, ${usual}, is not in the enum`] satisfies [string[], string]]
        : []),
      ...(rule && values.some(isWrong) ? [[path("enum"), toProblem({ ...rule, enum: null })] satisfies [string[], string]] : []),
    ];
  });
}
