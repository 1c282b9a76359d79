import { builder } from "./builder.ts";
import { NodeInterface } from "./node.ts";
import type { Platform } from "./upstream.ts";

const PlatformType = builder.objectRef<Platform>("Platform").implement({
  interfaces: [NodeInterface],
  description: "The app that runs this gateway.",
  fields: (t) => ({
    name: t.exposeString("name", { description: "Its display name." }),
    slug: t.exposeID("slug", { description: "Its short name in links." }),
    website: t.exposeString("website", { nullable: true, description: "Where its users come from." }),
    loginRedirectUrl: t.exposeString("loginRedirectUrl", {
      nullable: true,
      description: "Where to send a browser in which no user is signed in.",
    }),
    color: t.exposeString("color", { nullable: true, description: "The catalog's accent colour, as `#rrggbb`." }),
    logoUrl: t.exposeString("logoUrl", { nullable: true, description: "The platform's logo." }),
    logoDarkUrl: t.string({
      nullable: true,
      description: "The logo on dark pages; null if it is the same.",
      resolve: ({ logoDarkUrl }) => logoDarkUrl ?? null,
    }),
    privacyUrl: t.string({
      nullable: true,
      description: "The platform's privacy page.",
      resolve: ({ privacyUrl }) => privacyUrl ?? null,
    }),
  }),
});

builder.queryField("platform", (t) =>
  t.field({
    type: PlatformType,
    description: "The app that runs this gateway. Public.",
    resolve: (_root, _args, { catalog }) => catalog.getPlatform(),
  }),
);
