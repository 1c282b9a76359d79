import { findProvider } from "../../gateway/providers/library.ts";
import type { ProviderFacts } from "../../gateway/providers/format.ts";
import { listen, sendText } from "../support/server-io.ts";
import type { Exchange } from "./fixture.ts";

/** A request as it came, with the address that the provider would have seen. */
export interface SentRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly params: Readonly<Record<string, unknown>>;
}

export interface Player {
  /** The provider's facts, with every address led to this server. */
  readonly facts: ProviderFacts;
  /** Answers the next requests so, in order. */
  play(...answers: Pick<Exchange, "answer">["answer"][]): void;
  /** Every request since the start. */
  readonly sent: readonly SentRequest[];
  close(): Promise<void>;
}

const parseParams = (type: string, text: string): Record<string, unknown> => {
  if (text === "") return {};
  return type.startsWith("application/json") ? JSON.parse(text) : Object.fromEntries(new URLSearchParams(text));
};

/** Plays a provider from its fixture: `https://host/path` is answered at `/host/path`. */
export async function startPlayer(slug: string): Promise<Player> {
  const sent: SentRequest[] = [];
  const answers: Exchange["answer"][] = [];
  const server = await listen(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
    const [path = "", query = ""] = (request.url ?? "").split("?");
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    const params = parseParams(headers["content-type"] ?? "", Buffer.concat(chunks).toString());
    sent.push({
      method: request.method ?? "",
      url: `https:/${path}`,
      headers,
      params: { ...Object.fromEntries(new URLSearchParams(query)), ...params },
    });
    const answer = answers.shift();
    if (!answer) return sendText(response, 599, "Nothing is played for this request.");
    const text =
      typeof answer.body === "string" ? answer.body : answer.body === null || answer.body === undefined ? "" : JSON.stringify(answer.body);
    sendText(response, answer.status, text, { "content-type": "application/json", ...answer.headers });
  });
  return {
    facts: leadTo(server.url, slug),
    play: (...next) => void answers.splice(0, Infinity, ...next),
    sent,
    close: server.close,
  };
}

function leadTo(url: string, slug: string): ProviderFacts {
  const text = JSON.stringify(findProvider(slug), (key, value: unknown) =>
    key === "documented" || key === "docs_url" || key === "scopes" ? undefined : value,
  );
  const { scopes } = Object(findProvider(slug));
  return { ...JSON.parse(text.replaceAll('"https://', `"${url}/`)), undocumented: true, scopes };
}
