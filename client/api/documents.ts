/**
 * Every operation the client sends. Codegen reads this file and nothing else does: the program imports the
 * `TypedDocumentNode`s of `generated/graphql.ts`, so that a bundle holds the operations it uses and no other.
 */
import { graphql } from "../generated/gql.ts";

export const connectorParts = graphql(`
  fragment ConnectorParts on Connector {
    slug
    name
    shortDescription
    description
    markUrl
    supportsMultipleConnections
    connectorUrl
  }
`);

export const authorizationParts = graphql(`
  fragment AuthorizationParts on Authorization {
    id
    status
    displayLabel
    errorCode
    errorMessage
    health
    healthChangedAt
    problem {
      title
      advice
      isAlarm
    }
    connectedAt
    connectedBy {
      id
      name
    }
    scopes
    missingScopes
    expiresAt
  }
`);

export const startedAuthorizationParts = graphql(`
  fragment StartedAuthorizationParts on Authorization {
    ...AuthorizationParts
    authorizeUrl
    state
    collect {
      instructions
      saveLabel
      fields {
        name
        label
        suffix
        secret
      }
    }
  }
`);

// Fragments within fragments count twice against the gateway's depth limit: what is nested is written out.
export const connectionParts = graphql(`
  fragment ConnectionParts on Connection {
    id
    enabled
    createdAt
    updatedAt
    connectorUrl
    connector {
      slug
      name
      shortDescription
      description
      markUrl
      supportsMultipleConnections
      connectorUrl
    }
    authorization {
      id
      status
      displayLabel
      errorCode
      errorMessage
      health
      healthChangedAt
      problem {
        title
        advice
        isAlarm
      }
      connectedAt
      connectedBy {
        id
        name
      }
      scopes
      missingScopes
      expiresAt
    }
  }
`);

export const listedConnectorParts = graphql(`
  fragment ListedConnectorParts on Connector {
    slug
    name
    shortDescription
    description
    markUrl
    supportsMultipleConnections
    connectorUrl
    connections {
      ...ConnectionParts
    }
  }
`);

export const viewerParts = graphql(`
  fragment ViewerParts on Viewer {
    id
    name
    groupId
  }
`);

export const sessionParts = graphql(`
  fragment SessionParts on Session {
    token
    expiresAt
    viewer {
      ...ViewerParts
    }
  }
`);

export const viewer = graphql(`
  query Viewer {
    viewer {
      ...ViewerParts
    }
  }
`);

export const platform = graphql(`
  query Platform {
    platform {
      name
      slug
      website
      loginRedirectUrl
      color
      logoUrl
    }
  }
`);

export const connectors = graphql(`
  query Connectors {
    connectors {
      ...ListedConnectorParts
    }
  }
`);

export const connector = graphql(`
  query Connector($slug: ID!) {
    connector(slug: $slug) {
      ...ListedConnectorParts
    }
  }
`);

export const connections = graphql(`
  query Connections($slug: ID) {
    connections(slug: $slug) {
      ...ConnectionParts
    }
  }
`);

export const connection = graphql(`
  query Connection($where: ConnectionWhere!) {
    connection(where: $where) {
      ...ConnectionParts
    }
  }
`);

export const connectionOrConnector = graphql(`
  query ConnectionOrConnector($slug: ID!) {
    connectionOrConnector(slug: $slug) {
      __typename
      ... on Connection {
        ...ConnectionParts
      }
      ... on Connector {
        ...ConnectorParts
      }
    }
  }
`);

export const accessToken = graphql(`
  query AccessToken($where: ConnectionWhere!, $minimumTtl: Int, $rejected: String, $verify: Boolean) {
    accessToken(where: $where, minimumTtl: $minimumTtl, rejected: $rejected, verify: $verify) {
      __typename
      ... on AccessToken {
        value
        tokenType
        expiresAt
        scopes
        missingScopes
        fingerprint
        connection {
          id
        }
      }
      ... on NoAccessToken {
        message
      }
      ... on NotConnected {
        connectorUrl
      }
      ... on ReconnectRequired {
        reason
        connectorUrl
        connection {
          id
        }
      }
      ... on TemporarilyUnavailable {
        retryAfter
      }
      ... on MinimumTtlUnavailable {
        maximumTtl
      }
    }
  }
`);

export const login = graphql(`
  mutation Login($token: String!) {
    login(token: $token) {
      ...SessionParts
    }
  }
`);

export const refreshSession = graphql(`
  mutation RefreshSession {
    refreshSession {
      ...SessionParts
    }
  }
`);

export const logout = graphql(`
  mutation Logout {
    logout
  }
`);

export const connect = graphql(`
  mutation Connect($slug: ID!, $id: ID, $returnTo: String) {
    connect(slug: $slug, id: $id, returnTo: $returnTo) {
      ...ConnectionParts
      authorization {
        ...StartedAuthorizationParts
      }
    }
  }
`);

export const submitAuthorization = graphql(`
  mutation SubmitAuthorization($state: String!, $fields: [FieldInput!]!) {
    submitAuthorization(state: $state, fields: $fields) {
      ...StartedAuthorizationParts
    }
  }
`);

export const disconnect = graphql(`
  mutation Disconnect($where: ConnectionWhere!) {
    disconnect(where: $where) {
      ...ConnectionParts
    }
  }
`);

export const connectionChanged = graphql(`
  subscription ConnectionChanged($slug: ID) {
    connectionChanged(slug: $slug) {
      ...ConnectionParts
    }
  }
`);

export const authorizationStatus = graphql(`
  subscription AuthorizationStatus($id: ID!) {
    authorizationStatus(id: $id) {
      ...AuthorizationParts
    }
  }
`);
