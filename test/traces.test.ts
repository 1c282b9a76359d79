import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { parseConfig } from "../gateway/config/config.ts";
import { createServerHeaders } from "./support/caller.ts";
import { connect, startFront } from "./support/in-front.ts";
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from "./support/otlp-receiver.ts";
import { PATIENCE } from "./support/patience.ts";
import { sendTo, startTestApp, type TestApp, type TestAppOptions } from "./support/test-app.ts";
import { askToken, HOUR_MS, TOKEN_QUERY } from "./support/vault.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";
const SERVER = 2;
const CLIENT = 3;
const FAILED = 2;

let receiver: OtlpReceiver;
let test: TestApp | undefined;
beforeEach(async () => {
  receiver = await startOtlpReceiver();
});
afterEach(async () => {
  await test?.close();
  await receiver.close();
  vi.unstubAllEnvs();
});

const tracing = () => ({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" });

async function startTraced(options: TestAppOptions = {}) {
  const started = await startTestApp({ env: tracing(), ...options });
  test = started;
  const ada = await started.signIn("ada");
  await ada.connect();
  return { test: started, ada };
}

/** What a closed gateway has sent. */
async function spansOf(gateway: { app: Pick<TestApp["app"], "close"> }): Promise<ReceivedSpan[]> {
  await gateway.app.close();
  return receiver.spans();
}

describe("traces", () => {
  it("lead from a request to its token, the refresh and the provider, and go on with the caller's trace", async () => {
    const { test: gateway, ada } = await startTraced();
    gateway.clock.advance(HOUR_MS);
    const traceparent = `00-${TRACE}-${PARENT}-01`;
    const headers = { traceparent, "x-request-id": "request-7" };
    const { data } = await ada.graphql(TOKEN_QUERY, { where: { slug: "test" } }, headers);
    const spans = (await spansOf(gateway)).filter(({ traceId }) => traceId === TRACE);
    const named = (name: string) => {
      const found = spans.filter((span) => span.name === name);
      expect(found).toHaveLength(1);
      return found[0];
    };
    const [request, token, refresh, provider] = [named("POST /graphql"), named("token"), named("refresh"), named("provider refresh")];
    expect(spans).toHaveLength(4);
    expect(request).toMatchObject({ parentSpanId: PARENT, kind: SERVER });
    const sent = { "xkit.request.id": "request-7" };
    const answered = { "http.request.method": "POST", "http.route": "/graphql", "http.response.status_code": 200 };
    expect(request?.attributes).toEqual({ ...sent, ...answered });
    expect(token?.parentSpanId).toBe(request?.spanId);
    const connection = { "xkit.connection.id": data.accessToken.connection.id, "xkit.connector": "test" };
    expect(token?.attributes).toEqual({ ...sent, "user.id": "ada", "xkit.outcome": "AccessToken", ...connection });
    expect(refresh?.parentSpanId).toBe(token?.spanId);
    expect(refresh?.attributes).toEqual({ ...sent, ...connection, "xkit.refresh.cause": "due", "xkit.refresh.outcome": "refreshed" });
    expect(provider).toMatchObject({ parentSpanId: refresh?.spanId, kind: CLIENT });
    expect(provider?.attributes).toEqual({ ...sent, "xkit.connector": "test", "xkit.operation": "refresh" });
    expect(receiver.requests.every(({ path }) => path === "/v1/traces")).toBe(true);
    expect(receiver.serviceName()).toBe("xkit-gateway");
  });

  it("hold no token, no label of an account and no text of a provider, and mark what has failed", async () => {
    const { test: gateway, ada } = await startTraced();
    const token = (await askToken(ada)).value ?? "none";
    const secrets = gateway.provider.liveAccessTokens();
    gateway.clock.advance(HOUR_MS);
    gateway.provider.controls.always({ status: 400, body: { error: "invalid_grant", error_description: "The words of the provider" } });
    await askToken(ada);
    const secret = await ada.bearer();
    const spans = await spansOf(gateway);
    const failed = spans.filter(({ status }) => status.code === FAILED).map(({ name }) => name);
    expect(new Set(failed)).toEqual(new Set(["provider refresh", "refresh"]));
    const sent = receiver.requests.map(({ body }) => body).join("\n");
    for (const text of [token, ...secrets, secret, "words of the provider", "ada@"]) expect(sent).not.toContain(text);
  });

  it("tell providers nothing", async () => {
    const { test: gateway, ada } = await startTraced();
    gateway.clock.advance(HOUR_MS);
    await ada.graphql(TOKEN_QUERY, { where: { slug: "test" } }, { traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: "vendor=1" });
    expect(gateway.provider.tokenRequests.length).toBeGreaterThan(1);
    for (const { headerNames } of gateway.provider.tokenRequests) {
      expect(headerNames).toContain("content-type");
      expect(headerNames.filter((name) => name.startsWith("trace"))).toEqual([]);
    }
  });

  it("are sampled as the standard variables say, and a caller's wish counts where they say so", async () => {
    vi.stubEnv("OTEL_TRACES_SAMPLER", "parentbased_always_off");
    const { test: gateway, ada } = await startTraced();
    await askToken(ada, { verify: false });
    await ada.graphql(TOKEN_QUERY, { where: { slug: "test" }, verify: false }, { traceparent: `00-${TRACE}-${PARENT}-01` });
    expect((await spansOf(gateway)).map(({ traceId, name }) => [traceId, name])).toEqual([
      [TRACE, "token"],
      [TRACE, "POST /graphql"],
    ]);
  });

  it("are sent as protobuf where the variables name no protocol, by the name of the service that they state", async () => {
    vi.stubEnv("OTEL_SERVICE_NAME", "tokens-of-acme");
    const { test: gateway } = await startTraced({ env: { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.url}/collect` } });
    await gateway.app.close();
    const [first] = receiver.requests;
    expect(first).toMatchObject({ path: "/collect", contentType: "application/x-protobuf" });
    expect(first?.body).toContain("tokens-of-acme");
  });

  it("that cannot be sent change no answer, and are logged once", async () => {
    vi.stubEnv("OTEL_BSP_SCHEDULE_DELAY", "10");
    const refusing = await startOtlpReceiver(404);
    const { test: gateway, ada } = await startTraced({ env: { ...tracing(), OTEL_EXPORTER_OTLP_ENDPOINT: refusing.url } });
    await vi.waitUntil(() => refusing.requests.length > 0, PATIENCE);
    expect((await askToken(ada)).__typename).toBe("AccessToken");
    await vi.waitUntil(() => refusing.requests.length > 1, PATIENCE);
    await gateway.app.close();
    await refusing.close();
    expect(gateway.logged.filter((line) => line.includes("traces cannot be sent"))).toHaveLength(1);
  });

  it("of a server name the owner whom it asks for", async () => {
    const { test: gateway } = await startTraced();
    const headers = { ...(await createServerHeaders(gateway)), "content-type": "application/json" };
    const query = `{ user(id: "ada") { connectionToken(where: { slug: "test" }) } group(id: "crew") { connectionToken(where: { slug: "test" }) } }`;
    await sendTo(gateway.app)("/graphql", { method: "POST", headers, body: JSON.stringify({ query }) });
    const owners = (await spansOf(gateway)).filter(({ name }) => name === "token").map(({ attributes }) => attributes);
    expect(owners).toContainEqual(expect.objectContaining({ "user.id": "ada", "xkit.outcome": "AccessToken" }));
  });

  it("go on in a gateway of ours that is asked next, once its answers have shown that it is one", async () => {
    vi.stubEnv("OTEL_BSP_SCHEDULE_DELAY", "10");
    const front = await startFront([], true, tracing());
    const { token } = await front.second.provision("ada");
    await connect(front, token);
    const ask = (trace: string) =>
      sendTo(front.app)("/graphql", {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json", traceparent: `00-${trace}-${PARENT}-01` },
        body: JSON.stringify({ query: `{ connectionToken(where: { slug: "test" }) }` }),
      });
    await ask("1".repeat(32));
    await ask(TRACE);
    const spansOfTrace = () => receiver.spans().filter(({ traceId }) => traceId === TRACE);
    await vi.waitUntil(() => spansOfTrace().some(({ name }) => name === "POST /graphql"), PATIENCE);
    const requests = spansOfTrace().filter(({ name, kind }) => kind === SERVER && name === "GET /api");
    const tokens = spansOfTrace().filter(({ name }) => name === "token");
    expect(requests.length).toBeGreaterThan(0);
    for (const { parentSpanId } of requests) expect(tokens.map(({ spanId }) => spanId)).toContain(parentSpanId);
  });
});

describe("the variables of traces", () => {
  const file = { path: "xkit.config.json", text: '{ "platform": { "name": "Acme" } }' };
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318/" };

  it.each([
    [endpoint, { url: "http://collector:4318/v1/traces", protocol: "http/protobuf" }],
    [
      { ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" },
      { url: "http://collector:4318/v1/traces", protocol: "http/json" },
    ],
    [{ ...endpoint, OTEL_SDK_DISABLED: "True" }, null],
    [{ ...endpoint, OTEL_TRACES_EXPORTER: "none" }, null],
    [{ OTEL_SERVICE_NAME: "tokens" }, null],
  ])("%j lead to %j", (env, traces) => {
    expect(parseConfig(env, file).traces).toEqual(traces);
  });

  it("that ask for what there is not are refused, all at once", () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4317", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc", OTEL_TRACES_EXPORTER: "zipkin" };
    expect(() => parseConfig(env, file)).toThrow(
      /OTEL_EXPORTER_OTLP_ENDPOINT must be an http\(s\) URL[\s\S]*does not send gRPC[\s\S]*OTEL_TRACES_EXPORTER must be otlp or none/,
    );
  });
});
