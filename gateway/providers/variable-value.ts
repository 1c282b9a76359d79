import type { Sentences } from "../../client/languages/sentences.ts";
import type { VariableRule } from "../oauth/provider-requests.ts";

/** One label of a host name (RFC 1123 section 2.1). */
const label = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const oneLabel = new RegExp(`^${label}$`);
const hostName = new RegExp(`^(?=.{1,253}$)${label}(?:\\.${label})*$`);
/** The last label of an address literal, as URLs read it: `127.1`, `10.0x1`. */
const numericEnd = /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/;
/** Names that mean this machine or the network around it (RFC 6761, RFC 6762, RFC 8375, and those in common use). */
const privateEnd = /(?:^|\.)(?:localhost|local|localdomain|internal|intranet|private|corp|home|lan|home\.arpa)$/;
const controlCharacter = /\p{C}/u;

/** Longest value of a path segment, and of a parameter, in bytes. */
const MAXIMUM_SEGMENT_BYTES = 255;
const MAXIMUM_PARAM_BYTES = 2_048;
/** The same of a secret: a private key of 8192 bits has 6,500 in PEM. */
const MAXIMUM_SECRET_BYTES = 8_192;

/** The rule of a field that no provider declares: one label, so that it leads to no other host, port or path. */
export const labelRule: VariableRule = {
  may: "host_label",
  isLate: false,
  isOptional: false,
  isSecret: false,
  enum: null,
  pattern: null,
  strip: null,
  allowedHosts: [],
};

/** The value as it fills a placeholder: a pasted address is trimmed to what is asked for. Null where the rule forbids it. */
export function readValue(rule: VariableRule, text: string): string | null {
  const value = shapes[rule.may ?? "param"](text.trim(), rule);
  if (value === null || (rule.enum && !rule.enum.includes(value))) return null;
  return rule.pattern && !rule.pattern.test(value) ? null : value;
}

/** What is wrong with a value that `readValue` does not take, as one sentence without the value. */
export function describeRule(words: Sentences["refusals"], label: string, rule: VariableRule, text: string | null = null): string {
  const isOnlyOfAnotherForm = text !== null && rule.pattern !== null && readValue({ ...rule, pattern: null }, text) !== null;
  if (isOnlyOfAnotherForm) return words.fieldOfOtherForm(label);
  if (rule.enum) return words.fieldNotListed(label, rule.enum.join(", "));
  if (rule.strip !== null) return words.fieldNotBefore(label, rule.strip);
  if (rule.may === "host_label") return words.fieldNotOneName(label);
  if (rule.may === "host") return words.fieldNotHost(label);
  return words.fieldOfOtherForm(label);
}

type Shape = (text: string, rule: VariableRule) => string | null;

const shapes: Readonly<Record<NonNullable<VariableRule["may"]>, Shape>> = {
  host_label(text, rule) {
    const name = rule.strip === null ? text.toLowerCase() : strippedHost(text, rule);
    return name !== null && oneLabel.test(name) ? name : null;
  },
  host(text, rule) {
    const name = strippedHost(text, rule);
    if (name === null) return null;
    if (rule.allowedHosts.includes(name)) return name;
    return hostName.test(name) && (rule.strip !== null || isPublic(name)) ? name : null;
  },
  path: (text) => (text !== "." && text !== ".." ? plain(text, MAXIMUM_SEGMENT_BYTES) : null),
  param: (text, { isSecret }) => plain(text, isSecret ? MAXIMUM_SECRET_BYTES : MAXIMUM_PARAM_BYTES),
};

const plain = (text: string, maximumBytes: number): string | null =>
  text !== "" && !controlCharacter.test(text) && Buffer.byteLength(text) <= maximumBytes ? text : null;

/** The host of a pasted address, without the end that the provider's hosts have in common. */
function strippedHost(text: string, { strip }: VariableRule): string | null {
  const host = text.includes("/") ? hostOf(/^https?:\/\//i.test(text) ? text : `https://${text}`) : text.toLowerCase();
  return strip !== null && host?.endsWith(strip.toLowerCase()) ? host.slice(0, -strip.length) : host;
}

function hostOf(address: string): string | null {
  const url = URL.parse(address);
  return url === null || url.port !== "" || url.username !== "" || url.password !== "" ? null : url.hostname;
}

/** Whether the name can be one of the public internet. Where it leads is looked at when a request is sent (`http/public-lookup.ts`). */
const isPublic = (name: string): boolean => name.includes(".") && !numericEnd.test(name) && !privateEnd.test(name);
