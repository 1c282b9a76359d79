import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { XkitProvider } from "../react/provider.tsx";
import { languageOf } from "../languages/language.ts";
import { createXkit } from "../xkit.ts";
import { HostedPage } from "./hosted-page.tsx";
import { loadLanguage } from "./language.tsx";
import "./styles.css";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root.");
/** The server has chosen the language; the browser knows its user's region. */
const language = languageOf(document.documentElement.lang) ?? "en";
const locale = navigator.languages.find((tag) => languageOf(tag) === language) ?? language;
const page = createRoot(root);
void loadLanguage(language).then(() =>
  page.render(
    <StrictMode>
      <XkitProvider xkit={createXkit(location.origin, { locale })}>
        <HostedPage />
      </XkitProvider>
    </StrictMode>,
  ),
);
