/** Codes that users enter at the provider (RFC 8628), over GraphQL, before a provider that answers as it is told. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { METADATA_RETRY_MS } from "../oauth/discovery.ts";
import { MAXIMUM_DEVICE_ATTEMPTS } from "./pending.ts";
import { databaseKinds } from "../../test/support/databases.ts";
import { type OidcDeviceProvider, startOidcDeviceProvider } from "../../test/support/oidc-device-provider.ts";
import { PATIENCE } from "../../test/support/patience.ts";
import { ask, sendTo, startTestApp, type TestApp, type TestAppOptions, type TestUser } from "../../test/support/test-app.ts";
import {
  askToken,
  inStore,
  isAccepted,
  onlyAuthorization,
  refreshRequests,
  spooledFiles,
  takeStoreAway,
  turns,
} from "../../test/support/vault.ts";

let test: TestApp;
afterEach(() => test?.close());

const STEP_MS = 1_000;

const deviceFacts = (url: string) => ({ kind: "device", device_authorization_endpoint: `${url}/device` });

async function start(options: TestAppOptions = {}): Promise<TestUser> {
  test = await startTestApp({ facts: deviceFacts, ...options });
  return test.signIn("ada");
}

const DEVICE = "deviceCode { userCode verificationUri verificationUriComplete expiresAt }";
const AUTHORIZATION = `id status errorCode errorMessage authorizeUrl state collect { saveLabel } problem { title advice } ${DEVICE}`;
const CONNECT = `mutation ($slug: ID!) { connect(slug: $slug) { id authorization { ${AUTHORIZATION} } } }`;

const connect = async (user: TestUser) => (await user.graphql(CONNECT, { slug: "test" })).data.connect.authorization;

/** The questions for tokens so far. */
const polls = () => test.provider.tokenRequests.filter(({ grantType }) => grantType.endsWith(":device_code"));

/** Moves time on in small steps until something is so. */
const untilSo = (look: () => unknown) =>
  vi.waitFor(async () => {
    test.clock.advance(STEP_MS);
    await look();
  }, PATIENCE);

const untilPolled = (count: number) => untilSo(() => expect(polls().length).toBeGreaterThanOrEqual(count));
const untilStored = (columns: object) => untilSo(async () => expect(await onlyAuthorization(test)).toMatchObject(columns));
const untilActive = () => untilStored({ status: "active" });

const FAILED = `query ($where: ConnectionWhere!) { connection(where: $where) { enabled authorization { ${AUTHORIZATION} } } }`;
const readConnection = async (user: TestUser) => (await user.graphql(FAILED, { where: { slug: "test" } })).data.connection;

/** How long it was between the questions, in milliseconds. */
const pauses = () =>
  polls()
    .slice(1)
    .map(({ atMs }, index) => atMs - (polls()[index]?.atMs ?? 0));

describe.each(databaseKinds)("a code that the user enters at the provider, on %s", (database) => {
  it("is in the answer of connect, and brings tokens once the user has agreed", async () => {
    const ada = await start({ database });
    expect(await connect(ada)).toMatchObject({
      status: "AWAITING_CALLBACK",
      authorizeUrl: expect.stringContaining("/connect/test?state="),
      deviceCode: {
        userCode: "WDJB-MJHT",
        verificationUri: `${test.provider.url}/enter`,
        verificationUriComplete: `${test.provider.url}/enter?user_code=WDJB-MJHT`,
        expiresAt: new Date(test.clock.now() + 600_000).toISOString(),
      },
    });
    expect(test.provider.controls.devices.requests).toEqual([{ client_id: test.provider.client.clientId, scope: "read write" }]);
    await untilPolled(1);
    test.provider.controls.devices.approve();
    await untilActive();
    expect(await isAccepted(test, (await askToken(ada)).value)).toBe(true);
    expect(await onlyAuthorization(test)).toMatchObject({ account_id: "user-1", display_label: "user-1@example.test" });
  });

  it("brings tokens that are refreshed as any other", async () => {
    const ada = await start({ database });
    await connect(ada);
    test.provider.controls.devices.approve();
    await untilActive();
    test.clock.advance(3_700_000);
    expect(await isAccepted(test, (await askToken(ada)).value)).toBe(true);
    expect(refreshRequests(test)).toHaveLength(1);
  });

  it("is asked for by one of two processes", async () => {
    const ada = await start({ database });
    await test.startTwin();
    await connect(ada);
    test.provider.controls.devices.leastIntervalSeconds = 5;
    await untilPolled(5);
    for (const pause of pauses()) expect(pause).toBeGreaterThanOrEqual(5_000);
    const [attempt] = await inStore(test, (query) => query.selectFrom("leases").selectAll().execute());
    expect(attempt?.key).toMatch(/^device:/);
  });

  it("is asked for by the next process after a restart", async () => {
    const ada = await start({ database });
    await connect(ada);
    await untilPolled(1);
    const authorization = `Bearer ${await ada.bearer()}`;
    await test.app.close();
    test.provider.controls.devices.approve();
    const twin = await test.startTwin();
    await untilActive();
    const { data } = await ask(sendTo(twin), `{ connectionToken(where: { slug: "test" }) }`, {}, { authorization });
    expect(await isAccepted(test, data.connectionToken)).toBe(true);
  });

  it("is asked for by another process once one has died", async () => {
    const ada = await start({ database });
    await connect(ada);
    await untilPolled(1);
    // As a dead process leaves it: the lease of another id, which is not renewed.
    await inStore(test, (query) => query.updateTable("leases").set({ id: "dead" }).execute());
    test.provider.controls.devices.approve();
    await untilActive();
    expect(await isAccepted(test, (await askToken(ada)).value)).toBe(true);
  });
});

describe("the questions for tokens", () => {
  it("come at the provider's interval", async () => {
    const ada = await start();
    test.provider.controls.devices.next({ answer: { interval: 7 } });
    await connect(ada);
    await untilPolled(3);
    for (const pause of pauses()) expect(pause).toBeGreaterThanOrEqual(7_000);
  });

  it("come every 5 s where the provider states no interval", async () => {
    const ada = await start();
    test.provider.controls.devices.next({ answer: { interval: undefined } });
    await connect(ada);
    await untilPolled(2);
    expect(pauses()[0]).toBeGreaterThanOrEqual(5_000);
  });

  it.each([0.001, true])("come a second apart at least, whatever the provider states: %j", async (interval) => {
    const ada = await start();
    test.provider.controls.devices.next({ answer: { interval } });
    await connect(ada);
    await vi.waitFor(() => {
      test.clock.advance(100);
      expect(polls().length).toBeGreaterThanOrEqual(4);
    }, PATIENCE);
    for (const pause of pauses()) expect(pause).toBeGreaterThanOrEqual(1_000);
  });

  it("come 10 min apart where the provider states more", async () => {
    const ada = await start();
    test.provider.controls.devices.next({ answer: { interval: 700 } });
    await connect(ada);
    for (let second = 0; second < 20; second += 1) {
      test.clock.advance(STEP_MS);
      await turns();
    }
    expect(polls()).toEqual([]);
  });

  it("come 5 s later from each slow_down on, also in the next process", async () => {
    const ada = await start();
    const slowDown = { status: 400, body: { error: "slow_down" } };
    test.provider.controls.next(slowDown, slowDown);
    await connect(ada);
    await untilPolled(3);
    expect(pauses()[0]).toBeGreaterThanOrEqual(10_000);
    expect(pauses()[1]).toBeGreaterThanOrEqual(15_000);
    await test.app.close();
    await test.startTwin();
    await untilPolled(5);
    expect(pauses().at(-1)).toBeGreaterThanOrEqual(15_000);
  });

  it("come less often while the provider does not answer", async () => {
    const ada = await start();
    test.provider.controls.next("cut", "cut", { status: 503 });
    await connect(ada);
    await untilPolled(4);
    expect(pauses()[0]).toBeGreaterThanOrEqual(10_000);
    expect(pauses()[1]).toBeGreaterThanOrEqual(20_000);
    test.provider.controls.devices.approve();
    await untilActive();
  });

  it("end when the user disconnects", async () => {
    const ada = await start();
    await connect(ada);
    await untilPolled(1);
    await ada.graphql(`mutation { disconnect(where: { slug: "test" }) { id } }`);
    const before = polls().length;
    await untilSo(async () => expect(await inStore(test, (query) => query.selectFrom("leases").selectAll().execute())).toEqual([]));
    expect(polls().length).toBeLessThanOrEqual(before + 1);
  });

  it("end when the user leaves the group that it was started for", async () => {
    await start();
    const ben = await test.signIn("ben", "acme");
    await connect(ben);
    await test.app.provisionUser({ id: "ben", groupId: null });
    test.provider.controls.devices.approve();
    await untilSo(async () =>
      expect(await inStore(test, (query) => query.selectFrom("attempts").select("used_at").execute())).toEqual([
        { used_at: expect.any(Number) },
      ]),
    );
    expect(polls()).toEqual([]);
  });

  it("hold up no stop, and the lease is free at once", async () => {
    const ada = await start();
    await connect(ada);
    await untilPolled(1);
    await test.app.close();
    expect(await inStore(test, (query) => query.selectFrom("leases").selectAll().execute())).toEqual([]);
  });

  it("that are under way are waited for by a stop, and what they bring is stored", async () => {
    const ada = await start();
    await connect(ada);
    test.provider.controls.devices.approve();
    const hold = test.provider.controls.hold();
    await untilPolled(1);
    const closing = test.app.close();
    await turns();
    hold.release();
    await closing;
    expect(await onlyAuthorization(test)).toMatchObject({ status: "active" });
  });

  it("whose answer the store cannot take are not lost", async () => {
    const ada = await start();
    await connect(ada);
    test.provider.controls.devices.approve();
    const hold = test.provider.controls.hold();
    await untilPolled(1);
    const away = await takeStoreAway(test);
    hold.release();
    await vi.waitFor(() => expect(spooledFiles(test)).toHaveLength(1), PATIENCE);
    await away.comeBack();
    await untilActive();
    expect(await isAccepted(test, (await askToken(ada)).value)).toBe(true);
  });

  it("go on once the store is back", async () => {
    const ada = await start();
    await connect(ada);
    await untilPolled(1);
    const away = await takeStoreAway(test);
    test.clock.advance(20_000);
    await turns();
    await away.comeBack();
    test.provider.controls.devices.approve();
    await untilActive();
    expect(await isAccepted(test, (await askToken(ada)).value)).toBe(true);
  });
});

describe("a code", () => {
  it.each([
    ["is denied", () => test.provider.controls.devices.deny(), "access_denied", "was not granted"],
    ["has expired at the provider", () => test.provider.controls.devices.expire(), "device_code_expired", "not entered in time"],
    [
      "is denied in the provider's words",
      () => test.provider.controls.next({ status: 400, body: { error: "authorization_declined" } }),
      "authorization_declined",
      "was not granted",
    ],
    [
      "is unknown to the provider",
      () => test.provider.controls.next({ status: 400, body: { error: "invalid_grant" } }),
      "device_code_expired",
      "not entered in time",
    ],
    [
      "is refused with its client",
      () => test.provider.controls.next({ status: 401, body: { error: "invalid_client" } }),
      "invalid_client",
      "does not accept this app's credentials",
    ],
  ])("that %s ends the attempt, in the user's words", async (_name, order, code, words) => {
    const ada = await start();
    await connect(ada);
    order();
    await untilStored({ status: "error" });
    const { authorization, enabled } = await readConnection(ada);
    expect({ enabled, code: authorization.errorCode, title: authorization.problem.title }).toEqual({
      enabled: false,
      code,
      title: expect.stringContaining(words),
    });
    expect(polls()).toHaveLength(1);
  });

  it("ends with its attempt, and is then asked for no more", async () => {
    const ada = await start();
    await connect(ada);
    test.clock.advance(600_000);
    await untilStored({ status: "error", error_code: "device_code_expired" });
    const asked = polls().length;
    test.clock.advance(60_000);
    await turns();
    expect(polls()).toHaveLength(asked);
    expect((await connect(ada)).deviceCode.userCode).toBe("WDJB-MJHT");
  });

  it("ends when the provider says, where that is sooner", async () => {
    const ada = await start();
    test.provider.controls.devices.next({ answer: { expires_in: 60 } });
    const { deviceCode } = await connect(ada);
    expect(deviceCode.expiresAt).toBe(new Date(test.clock.now() + 60_000).toISOString());
  });

  it("that fails leaves a working connection unchanged", async () => {
    const ada = await start();
    await connect(ada);
    test.provider.controls.devices.approve();
    await untilActive();
    const { value } = await askToken(ada);
    await connect(ada);
    test.provider.controls.devices.deny();
    const before = polls().length;
    await untilPolled(before + 1);
    await untilSo(async () => expect(await inStore(test, (query) => query.selectFrom("leases").selectAll().execute())).toEqual([]));
    expect((await askToken(ada)).value).toBe(value);
    expect(await readConnection(ada)).toMatchObject({ enabled: true, authorization: { status: "ACTIVE", errorCode: null } });
  });

  it("is shown to the user who asked for it, in that answer alone", async () => {
    await start();
    const [ben, eve] = [await test.signIn("ben", "acme"), await test.signIn("eve", "acme")];
    expect((await connect(ben)).deviceCode).not.toBeNull();
    expect((await readConnection(eve)).authorization).toBeNull();
    expect((await readConnection(ben)).authorization).toMatchObject({ status: "AWAITING_CALLBACK", deviceCode: null });
  });

  it("is sealed in the store with the provider's secret one, which is never shown or logged", async () => {
    const ada = await start();
    test.provider.controls.next({ status: 400, body: { error: "authorization_pending", error_description: "of this code" } });
    const started = JSON.stringify(await connect(ada));
    await untilPolled(2);
    test.provider.controls.devices.deny();
    await untilStored({ status: "error" });
    const rows = JSON.stringify(await inStore(test, (query) => query.selectFrom("attempts").selectAll().execute()));
    const everything = `${started}${rows}${test.logged.join("")}${JSON.stringify(await readConnection(ada))}`;
    for (const secret of test.provider.issuedSecrets) expect(everything).not.toContain(secret);
    expect(`${rows}${test.logged.join("")}`).not.toContain("WDJB");
  });

  it("is asked for by one user at most ten times within ten minutes, as providers count those of the whole app", async () => {
    const ada = await start();
    for (let count = 0; count < MAXIMUM_DEVICE_ATTEMPTS; count += 1) await connect(ada);
    expect((await ada.graphql(CONNECT, { slug: "test" })).errors).toMatchObject([{ extensions: { code: "RATE_LIMITED" } }]);
    expect(test.provider.controls.devices.requests).toHaveLength(MAXIMUM_DEVICE_ATTEMPTS);
    const bob = await test.signIn("bob");
    expect((await connect(bob)).deviceCode).not.toBeNull();
    test.clock.advance(600_001);
    expect((await connect(ada)).deviceCode).not.toBeNull();
  });

  it("that comes back at the callback's address is no way back, and its attempt goes on", async () => {
    const ada = await start();
    const { authorizeUrl } = await connect(ada);
    const { search } = new URL(authorizeUrl);
    expect((await ada.browser.fetch(`/callback/test${search}&code=abc`)).status).toBe(404);
    test.provider.controls.devices.approve();
    await untilActive();
  });
});

describe("a provider that gives no code", () => {
  it.each([
    [{ status: 400, body: { error: "unauthorized_client" } }, "unauthorized_client"],
    [{ status: 200, body: { error: "device_flow_disabled", error_description: "Switch it on" } }, "device_flow_disabled"],
    [{ status: 404, body: {} }, "http_404"],
    [{ status: 503, body: {} }, "http_503"],
    [{ answer: { verification_uri: "javascript:alert(1)" } }, "unparsable"],
    [{ answer: { verification_uri: "http://evil.example/" } }, "unparsable"],
    [{ answer: { user_code: "x".repeat(65) } }, "unparsable"],
    [{ answer: { user_code: "a\nb" } }, "unparsable"],
    [{ answer: { device_code: undefined } }, "unparsable"],
    [{ answer: { expires_in: 0 } }, "unparsable"],
  ])("fails the attempt at once: %j", async (answer, code) => {
    const ada = await start();
    test.provider.controls.devices.next(answer);
    const authorization = await connect(ada);
    expect(authorization).toMatchObject({ status: "ERROR", errorCode: code, authorizeUrl: null, deviceCode: null });
    expect(authorization.errorMessage).not.toContain("Switch it on");
    expect(await onlyAuthorization(test)).toMatchObject({ status: "error", error_code: code });
    test.clock.advance(60_000);
    await turns();
    expect(polls()).toEqual([]);
  });

  it("may name the page as before the standard, and leave out the one with the code", async () => {
    const ada = await start();
    const [verification_uri, verification_url] = [undefined, "https://as.example/device"];
    test.provider.controls.devices.next({ answer: { verification_uri, verification_url, verification_uri_complete: "nonsense" } });
    expect((await connect(ada)).deviceCode).toMatchObject({ verificationUri: verification_url, verificationUriComplete: null });
  });
});

describe("the address where codes are asked for", () => {
  /** A gateway that has looked for metadata too early. */
  async function startBefore(metadata: (url: string) => Record<string, unknown>): Promise<TestUser> {
    const ada = await start({ facts: { kind: "device" } });
    await vi.waitFor(() => expect(test.logged.join("")).toContain("metadata cannot be used"), PATIENCE);
    const { url } = test.provider;
    test.provider.controls.metadata = { issuer: url, token_endpoint: `${url}/token`, ...metadata(url) };
    test.clock.advance(METADATA_RETRY_MS);
    return ada;
  }

  it("is read from the provider's metadata where it is left out", async () => {
    const ada = await startBefore((url) => ({ device_authorization_endpoint: `${url}/device` }));
    expect((await connect(ada)).deviceCode.userCode).toBe("WDJB-MJHT");
    test.provider.controls.devices.approve();
    await untilActive();
  });

  it("fails the attempt where the metadata has none", async () => {
    const ada = await startBefore(() => ({}));
    expect(await connect(ada)).toMatchObject({ status: "ERROR", errorCode: "invalid_metadata", deviceCode: null });
  });
});

describe("before oidc-provider", () => {
  let oidc: OidcDeviceProvider;
  beforeEach(async () => {
    oidc = await startOidcDeviceProvider();
  });
  afterEach(() => oidc.close());

  const startBefore = () =>
    start({
      facts: { kind: "device", issuer: oidc.url, token_endpoint: undefined, revocation: null, userinfo: [] },
      connector: { client_id: oidc.client.clientId, client_secret: oidc.client.clientSecret, scopes: ["openid", "offline_access"] },
    });

  it("a code brings tokens that its userinfo takes, and that are refreshed", async () => {
    const ada = await startBefore();
    await oidc.approve((await connect(ada)).deviceCode.userCode);
    await untilActive();
    const { value } = await askToken(ada);
    expect((await fetch(`${oidc.url}/me`, { headers: { authorization: `Bearer ${value}` } })).status).toBe(200);
    expect(await onlyAuthorization(test)).toMatchObject({ account_id: "ada" });
    test.clock.advance(600_000);
    expect(await askToken(ada)).toMatchObject({ __typename: "AccessToken", value: expect.not.stringMatching(`^${value}$`) });
  });

  it("a code that is denied ends the attempt", async () => {
    const ada = await startBefore();
    await oidc.deny((await connect(ada)).deviceCode.userCode);
    await untilStored({ status: "error", error_code: "access_denied" });
    expect((await readConnection(ada)).authorization.errorMessage).not.toContain("They said");
  });
});

describe("a connector that asks for fields first", () => {
  const facts = (url: string) => ({
    ...deviceFacts(url),
    device_authorization_endpoint: `${url}/device?tenant={tenant}`,
    variables: [{ name: "tenant", label: "Tenant", may: "path" }],
  });
  const SUBMIT = `mutation ($state: String!, $fields: [FieldInput!]!) { submitAuthorization(state: $state, fields: $fields) { ${AUTHORIZATION} } }`;

  it("asks for a code with them", async () => {
    const ada = await start({ facts });
    const asked = await connect(ada);
    expect(asked).toMatchObject({ deviceCode: null, collect: { saveLabel: "Save" } });
    expect(test.provider.controls.devices.requests).toEqual([]);
    const fields = [{ name: "tenant", value: "acme" }];
    const { data } = await ada.graphql(SUBMIT, { state: asked.state, fields });
    expect(data.submitAuthorization.deviceCode.userCode).toBe("WDJB-MJHT");
    test.provider.controls.devices.approve();
    await untilActive();
  });

  it("asks for another code where the fields are sent again", async () => {
    const ada = await start({ facts });
    const { state } = await connect(ada);
    for (const value of ["acme", "globex"]) await ada.graphql(SUBMIT, { state, fields: [{ name: "tenant", value }] });
    expect(test.provider.controls.devices.requests).toHaveLength(2);
    test.provider.controls.devices.approve();
    await untilActive();
  });
});

it("needs the address where codes are asked for", async () => {
  await expect(start({ facts: { kind: "device", issuer: null } })).rejects.toThrow("device_authorization_endpoint is required, unless");
});
