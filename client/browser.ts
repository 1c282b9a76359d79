import { createXkit, type Xkit } from "./xkit.ts";

declare global {
  interface Window {
    xkit: Xkit;
  }
}

/** The script tag's bundle: `window.xkit`, bound to the gateway that served this very script. `data-locale` is its `locale`. */
const script = document.currentScript;
if (!(script instanceof HTMLScriptElement)) throw new TypeError("xkit.js needs a classic <script src>: modules import createXkit.");
const { locale } = script.dataset;
window.xkit = createXkit(new URL(script.src).origin, locale ? { locale } : {});
