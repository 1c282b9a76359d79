import type { OAuthProvider } from "./provider.ts";

/** A request's parameters by the provider's name for the client id. */
export function toNamed({ clientIdParam }: Pick<OAuthProvider, "clientIdParam">, params: URLSearchParams): URLSearchParams {
  return new URLSearchParams([...params].map(([name, value]) => [name === "client_id" ? clientIdParam : name, value]));
}
