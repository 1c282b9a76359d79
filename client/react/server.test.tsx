/** The hooks and the catalog rendered on a server, which has no window. */
import { renderToString } from "react-dom/server";
import { afterEach, expect, test, vi } from "vitest";
import { createTestClient, startApp } from "../../test/support/client/signed-in.ts";
import { createXkit } from "../xkit.ts";
import { Catalog, ConnectButton, useAccessToken, useConnection, useConnectors, usePlatform, useViewer, XkitProvider } from "./index.ts";

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function Page() {
  const readings = [useViewer()[0], usePlatform()[0], useConnectors()[0], useConnection("slack")[0], useAccessToken("slack")[0]];
  return <output>{JSON.stringify(readings.map(({ data, fetching }) => ({ data, fetching })))}</output>;
}

test("a locale that is no language leaves that of what is around, and is warned of once", async () => {
  const warn = vi.spyOn(console, "warn").mockReturnValue();
  const xkit = createXkit("https://connect.example.com", { locale: "en_GB" });
  for (const locale of ["d!e", "de_DE.UTF-8", "d!e", "*"])
    renderToString(
      <XkitProvider xkit={xkit} locale={locale}>
        <Catalog locale={locale} />
        <ConnectButton slug="slack" locale={locale} />
      </XkitProvider>,
    );
  expect(xkit.session.locale).toBe("en-GB");
  expect(warn.mock.calls).toEqual(
    ["d!e", "de_DE.UTF-8", "*"].map((locale) => [`locale "${locale}" is ignored: it is no BCP 47 tag, as "en-GB".`]),
  );
});

test("rendering on a server asks nothing, and knows no user, even where one is signed in", async () => {
  const app = await startApp();
  const { xkit, asked } = createTestClient(app);
  await xkit.login(await (await app.signIn("ada")).bearer());
  const before = [...asked];
  const html = renderToString(
    <XkitProvider xkit={xkit}>
      <Page />
      <Catalog />
    </XkitProvider>,
  );
  expect(html).toContain(JSON.stringify(Array.from({ length: 5 }, () => ({ fetching: true }))).replaceAll('"', "&quot;"));
  expect(html).toContain("Loading the integrations");
  expect(html).not.toContain("ada");
  await new Promise((resolve) => setImmediate(resolve));
  expect(asked).toEqual(before);
  expect(() =>
    renderToString(
      <XkitProvider xkit={xkit}>
        <Catalog basePath="//evil.example" />
      </XkitProvider>,
    ),
  ).toThrow('basePath must be a path such as /integrations, not "//evil.example".');
  await app.close();
});
