import { expect } from "vitest";
import type { Exchange } from "./fixture.ts";
import type { SentRequest } from "./player.ts";

/** The credentials of the fixtures' client. */
export const BASIC = `Basic ${Buffer.from("client-id:client-secret").toString("base64")}`;

const isStand = (value: unknown): boolean => typeof value === "string" && /<.*>/.test(value);
export const toText = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/** The members of a request that its documentation names, as texts. `<name>` in the documentation stands for any value. */
export const pick = (values: Readonly<Record<string, unknown>>, wanted: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    Object.entries(wanted)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([name, value]) => [name, values[name] === undefined || isStand(value) ? typeof values[name] : toText(values[name])]),
  );

/** What a request must be like: by its documentation, in the shape of `pick`. */
export const like = (wanted: Readonly<Record<string, unknown>>) =>
  pick(Object.fromEntries(Object.entries(wanted).map(([name, value]) => [name, value ?? undefined])), wanted);

/** Fails where a request differs from what its documentation shows. */
export function expectRequest(sent: SentRequest | undefined, { request }: Exchange): void {
  const [url = "", query = ""] = request.url.split("?");
  const params = { ...Object.fromEntries(new URLSearchParams(query)), ...request.query, ...request.body };
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value === "Basic <client>" ? BASIC : value]),
  );
  const found = { ...sent?.headers, "content-type": sent?.headers["content-type"]?.split(";")[0] };
  expect({
    method: sent?.method,
    url: sent?.url,
    headers: pick(found, headers),
    params: pick(sent?.params ?? {}, params),
  }).toEqual({ method: request.method, url, headers: like(headers), params: like(params) });
}
