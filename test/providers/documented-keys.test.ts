/** Documented providers whose users type an API key, or a user and a password: through the form, each played by its fixture. */
import { afterEach, describe, expect, it } from "vitest";
import { listProviders } from "../../gateway/providers/library.ts";
import { providerSchema } from "../../gateway/providers/provider.ts";
import { startTestApp, type TestApp, type TestUser } from "../support/test-app.ts";
import { askToken } from "../support/vault.ts";
import { expectRequest } from "./expected-request.ts";
import { type Fixture, readFixture } from "./fixture.ts";
import { type Player, startPlayer } from "./player.ts";

const typed = listProviders().filter((slug) => {
  const { facts, oauth } = providerSchema.parse(slug);
  return facts.documented !== undefined && oauth === null;
});

let player: Player | null = null;
let test: TestApp | null = null;
afterEach(async () => {
  await test?.close();
  await player?.close();
  [player, test] = [null, null];
});

const CONNECT = `mutation ($slug: ID!) { connect(slug: $slug) { authorization { state collect { fields { name } } } } }`;
const SUBMIT = `mutation ($state: String!, $fields: [FieldInput!]!) {
  submitAuthorization(state: $state, fields: $fields) { status displayLabel }
}`;
const SHOW = `query ($slug: ID!) { connection(where: { slug: $slug }) { metadata { name value } } }`;

async function start(slug: string): Promise<{ ada: TestUser; fixture: Fixture; player: Player }> {
  player = await startPlayer(slug);
  test = await startTestApp({ connectors: [{ slug, provider: player.facts }] });
  return { ada: await test.signIn("ada"), fixture: readFixture(slug), player };
}

/** Types into the form what the fixture has for its fields. */
async function enter(ada: TestUser, slug: string, values: Readonly<Record<string, string>>) {
  const { state, collect } = (await ada.graphql(CONNECT, { slug })).data.connect.authorization;
  const names: string[] = collect.fields.map(({ name }: { name: string }) => name);
  return ada.graphql(SUBMIT, { state, fields: names.map((name) => ({ name, value: values[name] ?? "" })) });
}

/** A header that a fixture names by what is typed: `Basic <username:password>`. */
const basicOf = ({ fields }: Fixture): string => `Basic ${Buffer.from(`${fields["username"]}:${fields["password"]}`).toString("base64")}`;

describe.each(typed)("%s", (slug) => {
  it("is asked whether what was typed works as its documentation says, and names whose it is", async () => {
    const { ada, fixture, player: server } = await start(slug);
    const { check, userinfo, concluded, fields } = fixture;
    if (check === undefined) throw new Error("The fixture has no check.");
    server.play(check.answer, ...userinfo.map(({ answer }) => answer));
    const { data } = await enter(ada, slug, fields);
    expect(data.submitAuthorization).toEqual({ status: "ACTIVE", displayLabel: concluded.account?.label ?? null });
    expectRequest(server.sent[0], check);
    const { authorization } = server.sent[0]?.headers ?? {};
    expect(authorization).toBe(fields["password"] === undefined ? authorization : basicOf(fixture));
    for (const [index, wanted] of userinfo.entries()) expectRequest(server.sent[index + 1], wanted);
    const shown = (await ada.graphql(SHOW, { slug })).data.connection.metadata;
    expect(shown).toEqual(Object.entries(concluded.metadata).map(([name, value]) => ({ name, value })));
    const { value } = await askToken(ada, { where: { slug } });
    expect(value).toBe(fields["password"] === undefined ? fields["api_key"] : `${fields["username"]}:${fields["password"]}`);
  });

  const verdicts = {
    revoked: [{ extensions: { code: "BAD_USER_INPUT" }, message: expect.stringContaining("does not accept what you entered") }],
    temporary: [{ extensions: { code: "TEMPORARILY_UNAVAILABLE" } }],
    // It says something else than that the key is wrong.
    denied: [],
    misconfigured: [],
  } as const;

  it.each(readFixture(slug).errors.map(({ answer, means }, index) => ({ answer, means, index })))(
    "answers what was typed by error number $index, which is understood as $means",
    async ({ answer, means }) => {
      const { ada, fixture, player: server } = await start(slug);
      server.play({ ...answer, status: answer.status ?? 200 });
      const { errors, data } = await enter(ada, slug, fixture.fields);
      expect(errors).toMatchObject(verdicts[means]);
      expect(data?.submitAuthorization.status ?? null).toBe(errors.length === 0 ? "ACTIVE" : null);
      const words = [...JSON.stringify(answer.body).matchAll(/"message":"([^"]+)"/g)].map(([, text]) => text);
      for (const text of words) expect(JSON.stringify(errors)).not.toContain(text);
    },
  );
});
