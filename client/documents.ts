import { graphql } from "./generated/gql.ts";

export const viewerDocument = graphql(`
  query Viewer {
    viewer {
      id
      name
      groupId
    }
  }
`);
