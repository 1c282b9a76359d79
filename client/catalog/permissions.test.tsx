import { renderToStaticMarkup } from "react-dom/server";
import { expect, it } from "vitest";
import { Scopes } from "./permissions.tsx";

it("marks a provider's own words as English, and no others", () => {
  const permissions = [
    { scope: "email", text: "Ihre E-Mail-Adresse sehen", isRequired: true },
    { scope: "repo", text: "Read repositories", isRequired: true },
  ];
  const html = renderToStaticMarkup(<Scopes scopes={["email", "repo"]} permissions={permissions} />);
  expect(html).toContain("<span>Ihre E-Mail-Adresse sehen</span>");
  expect(html).toContain('<span lang="en">Read repositories</span>');
});
