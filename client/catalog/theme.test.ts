import { expect, test } from "vitest";
import { accentStyle } from "./theme.ts";

function contrast(one: string, other: string): number {
  const luminance = (color: string) => {
    const [red = 0, green = 0, blue = 0] = [...color.matchAll(/\d+/g)].map(([value]) => {
      const share = Number(value) / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

const colors = ["#000000", "#ffffff", "#ffff00", "#ff0000", "#00ff00", "#0f766e", "#5b5bd6", "#777777", "nonsense"];

test.each(colors)("text can be read whatever the platform's color is: %s", (color) => {
  const style = new Map(Object.entries(accentStyle(color)));
  const get = (name: string) => String(style.get(name));
  expect(contrast(get("--xk-on-fill"), get("--xk-fill"))).toBeGreaterThanOrEqual(4.5);
  expect(contrast(get("--xk-accent-light"), "rgb(255 255 255)")).toBeGreaterThanOrEqual(4.5);
  expect(contrast(get("--xk-accent-dark"), "rgb(26 27 31)")).toBeGreaterThanOrEqual(4.5);
});

test.each(colors)("a button is seen whatever the platform's color is: %s", (color) => {
  const style = new Map(Object.entries(accentStyle(color)));
  const shapeOn = (edge: string) => String(style.get(style.get(edge) === "transparent" ? "--xk-fill" : edge));
  expect(contrast(shapeOn("--xk-edge-light"), "rgb(255 255 255)")).toBeGreaterThanOrEqual(3);
  expect(contrast(shapeOn("--xk-edge-dark"), "rgb(26 27 31)")).toBeGreaterThanOrEqual(3);
});
