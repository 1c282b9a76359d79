import { createServer } from "node:https";
import { getRequestListener } from "@hono/node-server";
import { type Cookies, createCookies } from "../../gateway/auth/cookies.ts";
import { startTestApp, type TestApp, type TestAppOptions } from "./test-app.ts";
import { createCertificate } from "./certificate.ts";

/** A page of the platform: another site than the gateway's. */
export const APP_ORIGIN = "https://app.example.com";

export interface HttpsGateway extends TestApp {
  /** `localhost:<port>`, as xkit.js takes it. */
  domain: string;
  /** What it sets. */
  cookies: Cookies;
  /** What to trust. */
  certificate: string;
}

/** A whole gateway on https loopback, with a certificate that it signed itself. `configure` is given its public URL. */
export async function startHttpsGateway(
  configure: TestAppOptions | ((url: string) => Promise<TestAppOptions>) = {},
): Promise<HttpsGateway> {
  const { key, cert } = createCertificate("localhost");
  const server = createServer({ key, cert });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address ? address.port : 0);
    });
  });
  const domain = `localhost:${port}`;
  const options = typeof configure === "function" ? await configure(`https://${domain}`) : configure;
  const file = { web_origins: [APP_ORIGIN], ...options.file };
  const test = await startTestApp({ ...options, file, env: { XKIT_PUBLIC_URL: `https://${domain}`, ...options.env } });
  const answer = getRequestListener((request) => test.app.fetch(request));
  server.on("request", (request, response) => void answer(request, response));
  server.on("upgrade", test.app.upgrade);
  return {
    ...test,
    domain,
    cookies: createCookies(`https://${domain}`, [APP_ORIGIN]),
    certificate: cert,
    async close() {
      test.app.endSubscriptions();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await test.close();
    },
  };
}
