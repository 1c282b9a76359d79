import { index, layout, route, type RouteConfig } from "@react-router/dev/routes";

export default [
  layout("product/layout.tsx", [index("product/home.tsx"), route("integrations/*", "product/integrations.tsx")]),
  route("sign-in", "sign-in.tsx"),
  route("sign-out", "sign-out.ts"),
  route("user-token", "user-token.ts"),
] satisfies RouteConfig;
