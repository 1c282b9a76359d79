import { builder } from "./builder.ts";
import { NodeInterface } from "./node.ts";
import type { Viewer } from "./upstream.ts";

export const ViewerType = builder.objectRef<Viewer>("Viewer").implement({
  interfaces: [NodeInterface],
  description: "The signed-in platform user of this request.",
  fields: (t) => ({
    id: t.exposeID("userId", { description: "The user's id in the platform's own system." }),
    name: t.exposeString("name", { nullable: true, description: "The user's display name, as the platform set it." }),
    groupId: t.exposeID("groupId", {
      nullable: true,
      description: "The group whose connections this user shares. Its tokens are withheld from the user.",
    }),
  }),
});

builder.queryField("viewer", (t) =>
  t.field({
    type: ViewerType,
    nullable: true,
    description: "The signed-in user, or null if no user is signed in.",
    resolve: (_root, _args, { user }) => user?.viewer() ?? null,
  }),
);
