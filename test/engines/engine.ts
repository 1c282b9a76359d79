import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** What a browser does with the cookies of a gateway that a page of another site asks. */
export type ThirdPartyCookies =
  /** What the browser does when nothing is set. */
  "default" | "allowed" | "blocked";

/** One kind of browser. */
export interface Engine {
  name: string;
  /** What has to be installed, or null. */
  missing: string | null;
  /** Starts one. */
  launch(cookies: ThirdPartyCookies): Promise<RunningEngine>;
}

export interface RunningEngine {
  /** A browser without cookies. The one before is over. */
  open(): Promise<EngineBrowser>;
  stop(): Promise<void>;
}

export interface EngineBrowser {
  /** Its windows and tabs, the oldest first. It begins with one. */
  tabs(): Promise<Tab[]>;
}

export interface Tab {
  id: string;
  goTo(url: string): Promise<void>;
  /** The value of an expression of the page, awaited, as JSON holds it. */
  evaluate(expression: string): Promise<unknown>;
  /** Clicks as a hand does on the element that an expression of the page answers. Throws where it answers none. */
  click(element: string): Promise<void>;
  /** Through the history: -1 is back. */
  travel(by: -1 | 1): Promise<void>;
  close(): Promise<void>;
}

/** Where a command is, or null. */
export function findCommand(name: string): string | null {
  const isThere = (path: string) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  };
  return (
    (process.env["PATH"] ?? "")
      .split(delimiter)
      .map((folder) => join(folder, name))
      .find(isThere) ?? null
  );
}
