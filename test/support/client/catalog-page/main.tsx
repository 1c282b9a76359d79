/** An app that embeds the catalog, for its tests: signed in by `?token=`, with the props that the address names. */
import { createRoot } from "react-dom/client";
import { Catalog, ConnectButton, XkitProvider } from "../../../../client/react/index.ts";
import { createXkit } from "../../../../client/xkit.ts";

const parameters = new URLSearchParams(location.search);
const xkit = createXkit(parameters.get("gateway") ?? "");
const only = parameters.get("only");
const button = parameters.get("button");
const locale = parameters.get("locale");
const color = parameters.get("color");
const token = parameters.get("token");
if (token !== null) await xkit.login(token);

const root = document.createElement("main");
document.body.append(root);
createRoot(root).render(
  <XkitProvider xkit={xkit}>
    {button === null ? (
      <Catalog
        {...(!parameters.has("memory") && { basePath: parameters.get("base") ?? "" })}
        {...(color !== null && { theme: { color } })}
        {...(locale !== null && { locale })}
        popup={parameters.has("popup")}
        {...(only !== null && { filter: ({ slug }) => slug === only })}
      />
    ) : (
      <>
        <h1>App</h1>
        <ConnectButton slug={button} {...(locale !== null && { locale })} />
      </>
    )}
  </XkitProvider>,
);
