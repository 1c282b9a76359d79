import { expect, it } from "vitest";
import { parseEndpoint } from "./secure-endpoint.ts";

it.each([
  "https://as.example/token",
  "http://localhost:1/token",
  "http://127.0.0.1/token",
  "http://127.9.8.7/token",
  "http://[::1]:2/token",
])("allows %s", (url) => {
  expect(parseEndpoint(url).href).toBe(url);
});

it.each([
  "http://as.example/token",
  "http://127.0.0.1.as.example/token",
  "http://localhost.as.example/token",
  "http://10.0.0.1/token",
  "http://[::2]/token",
  "https://user:pass@as.example/token",
  "ftp://localhost/token",
  "/token",
  "",
])("refuses %j", (url) => {
  expect(() => parseEndpoint(url)).toThrow(TypeError);
});
