/* eslint-disable */
import * as types from './graphql.ts';
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';

/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "\n  fragment ConnectorParts on Connector {\n    slug\n    name\n    shortDescription\n    description\n    markUrl\n    supportsMultipleConnections\n    connectorUrl\n  }\n": typeof types.ConnectorPartsFragmentDoc,
    "\n  fragment AuthorizationParts on Authorization {\n    id\n    status\n    displayLabel\n    errorCode\n    errorMessage\n    health\n    healthChangedAt\n    problem {\n      title\n      advice\n      isAlarm\n    }\n    connectedAt\n    connectedBy {\n      id\n      name\n    }\n    scopes\n    missingScopes\n    expiresAt\n  }\n": typeof types.AuthorizationPartsFragmentDoc,
    "\n  fragment StartedAuthorizationParts on Authorization {\n    ...AuthorizationParts\n    authorizeUrl\n    state\n    collect {\n      instructions\n      saveLabel\n      fields {\n        name\n        label\n        suffix\n        secret\n      }\n    }\n  }\n": typeof types.StartedAuthorizationPartsFragmentDoc,
    "\n  fragment ConnectionParts on Connection {\n    id\n    enabled\n    createdAt\n    updatedAt\n    connectorUrl\n    connector {\n      slug\n      name\n      shortDescription\n      description\n      markUrl\n      supportsMultipleConnections\n      connectorUrl\n    }\n    authorization {\n      id\n      status\n      displayLabel\n      errorCode\n      errorMessage\n      health\n      healthChangedAt\n      problem {\n        title\n        advice\n        isAlarm\n      }\n      connectedAt\n      connectedBy {\n        id\n        name\n      }\n      scopes\n      missingScopes\n      expiresAt\n    }\n  }\n": typeof types.ConnectionPartsFragmentDoc,
    "\n  fragment ListedConnectorParts on Connector {\n    slug\n    name\n    shortDescription\n    description\n    markUrl\n    supportsMultipleConnections\n    connectorUrl\n    connections {\n      ...ConnectionParts\n    }\n  }\n": typeof types.ListedConnectorPartsFragmentDoc,
    "\n  fragment ViewerParts on Viewer {\n    id\n    name\n    groupId\n  }\n": typeof types.ViewerPartsFragmentDoc,
    "\n  fragment SessionParts on Session {\n    token\n    expiresAt\n    viewer {\n      ...ViewerParts\n    }\n  }\n": typeof types.SessionPartsFragmentDoc,
    "\n  query Viewer {\n    viewer {\n      ...ViewerParts\n    }\n  }\n": typeof types.ViewerDocument,
    "\n  query Platform {\n    platform {\n      name\n      slug\n      website\n      loginRedirectUrl\n      color\n      logoUrl\n    }\n  }\n": typeof types.PlatformDocument,
    "\n  query Connectors {\n    connectors {\n      ...ListedConnectorParts\n    }\n  }\n": typeof types.ConnectorsDocument,
    "\n  query Connector($slug: ID!) {\n    connector(slug: $slug) {\n      ...ListedConnectorParts\n    }\n  }\n": typeof types.ConnectorDocument,
    "\n  query Connections($slug: ID) {\n    connections(slug: $slug) {\n      ...ConnectionParts\n    }\n  }\n": typeof types.ConnectionsDocument,
    "\n  query Connection($where: ConnectionWhere!) {\n    connection(where: $where) {\n      ...ConnectionParts\n    }\n  }\n": typeof types.ConnectionDocument,
    "\n  query ConnectionOrConnector($slug: ID!) {\n    connectionOrConnector(slug: $slug) {\n      __typename\n      ... on Connection {\n        ...ConnectionParts\n      }\n      ... on Connector {\n        ...ConnectorParts\n      }\n    }\n  }\n": typeof types.ConnectionOrConnectorDocument,
    "\n  query AccessToken($where: ConnectionWhere!, $minimumTtl: Int, $rejected: String, $verify: Boolean) {\n    accessToken(where: $where, minimumTtl: $minimumTtl, rejected: $rejected, verify: $verify) {\n      __typename\n      ... on AccessToken {\n        value\n        tokenType\n        expiresAt\n        scopes\n        missingScopes\n        fingerprint\n        connection {\n          id\n        }\n      }\n      ... on NoAccessToken {\n        message\n      }\n      ... on NotConnected {\n        connectorUrl\n      }\n      ... on ReconnectRequired {\n        reason\n        connectorUrl\n        connection {\n          id\n        }\n      }\n      ... on TemporarilyUnavailable {\n        retryAfter\n      }\n      ... on MinimumTtlUnavailable {\n        maximumTtl\n      }\n    }\n  }\n": typeof types.AccessTokenDocument,
    "\n  mutation Login($token: String!) {\n    login(token: $token) {\n      ...SessionParts\n    }\n  }\n": typeof types.LoginDocument,
    "\n  mutation RefreshSession {\n    refreshSession {\n      ...SessionParts\n    }\n  }\n": typeof types.RefreshSessionDocument,
    "\n  mutation Logout {\n    logout\n  }\n": typeof types.LogoutDocument,
    "\n  mutation Connect($slug: ID!, $id: ID, $returnTo: String) {\n    connect(slug: $slug, id: $id, returnTo: $returnTo) {\n      ...ConnectionParts\n      authorization {\n        ...StartedAuthorizationParts\n      }\n    }\n  }\n": typeof types.ConnectDocument,
    "\n  mutation SubmitAuthorization($state: String!, $fields: [FieldInput!]!) {\n    submitAuthorization(state: $state, fields: $fields) {\n      ...StartedAuthorizationParts\n    }\n  }\n": typeof types.SubmitAuthorizationDocument,
    "\n  mutation Disconnect($where: ConnectionWhere!) {\n    disconnect(where: $where) {\n      ...ConnectionParts\n    }\n  }\n": typeof types.DisconnectDocument,
    "\n  subscription ConnectionChanged($slug: ID) {\n    connectionChanged(slug: $slug) {\n      ...ConnectionParts\n    }\n  }\n": typeof types.ConnectionChangedDocument,
    "\n  subscription AuthorizationStatus($id: ID!) {\n    authorizationStatus(id: $id) {\n      ...AuthorizationParts\n    }\n  }\n": typeof types.AuthorizationStatusDocument,
};
const documents: Documents = {
    "\n  fragment ConnectorParts on Connector {\n    slug\n    name\n    shortDescription\n    description\n    markUrl\n    supportsMultipleConnections\n    connectorUrl\n  }\n": types.ConnectorPartsFragmentDoc,
    "\n  fragment AuthorizationParts on Authorization {\n    id\n    status\n    displayLabel\n    errorCode\n    errorMessage\n    health\n    healthChangedAt\n    problem {\n      title\n      advice\n      isAlarm\n    }\n    connectedAt\n    connectedBy {\n      id\n      name\n    }\n    scopes\n    missingScopes\n    expiresAt\n  }\n": types.AuthorizationPartsFragmentDoc,
    "\n  fragment StartedAuthorizationParts on Authorization {\n    ...AuthorizationParts\n    authorizeUrl\n    state\n    collect {\n      instructions\n      saveLabel\n      fields {\n        name\n        label\n        suffix\n        secret\n      }\n    }\n  }\n": types.StartedAuthorizationPartsFragmentDoc,
    "\n  fragment ConnectionParts on Connection {\n    id\n    enabled\n    createdAt\n    updatedAt\n    connectorUrl\n    connector {\n      slug\n      name\n      shortDescription\n      description\n      markUrl\n      supportsMultipleConnections\n      connectorUrl\n    }\n    authorization {\n      id\n      status\n      displayLabel\n      errorCode\n      errorMessage\n      health\n      healthChangedAt\n      problem {\n        title\n        advice\n        isAlarm\n      }\n      connectedAt\n      connectedBy {\n        id\n        name\n      }\n      scopes\n      missingScopes\n      expiresAt\n    }\n  }\n": types.ConnectionPartsFragmentDoc,
    "\n  fragment ListedConnectorParts on Connector {\n    slug\n    name\n    shortDescription\n    description\n    markUrl\n    supportsMultipleConnections\n    connectorUrl\n    connections {\n      ...ConnectionParts\n    }\n  }\n": types.ListedConnectorPartsFragmentDoc,
    "\n  fragment ViewerParts on Viewer {\n    id\n    name\n    groupId\n  }\n": types.ViewerPartsFragmentDoc,
    "\n  fragment SessionParts on Session {\n    token\n    expiresAt\n    viewer {\n      ...ViewerParts\n    }\n  }\n": types.SessionPartsFragmentDoc,
    "\n  query Viewer {\n    viewer {\n      ...ViewerParts\n    }\n  }\n": types.ViewerDocument,
    "\n  query Platform {\n    platform {\n      name\n      slug\n      website\n      loginRedirectUrl\n      color\n      logoUrl\n    }\n  }\n": types.PlatformDocument,
    "\n  query Connectors {\n    connectors {\n      ...ListedConnectorParts\n    }\n  }\n": types.ConnectorsDocument,
    "\n  query Connector($slug: ID!) {\n    connector(slug: $slug) {\n      ...ListedConnectorParts\n    }\n  }\n": types.ConnectorDocument,
    "\n  query Connections($slug: ID) {\n    connections(slug: $slug) {\n      ...ConnectionParts\n    }\n  }\n": types.ConnectionsDocument,
    "\n  query Connection($where: ConnectionWhere!) {\n    connection(where: $where) {\n      ...ConnectionParts\n    }\n  }\n": types.ConnectionDocument,
    "\n  query ConnectionOrConnector($slug: ID!) {\n    connectionOrConnector(slug: $slug) {\n      __typename\n      ... on Connection {\n        ...ConnectionParts\n      }\n      ... on Connector {\n        ...ConnectorParts\n      }\n    }\n  }\n": types.ConnectionOrConnectorDocument,
    "\n  query AccessToken($where: ConnectionWhere!, $minimumTtl: Int, $rejected: String, $verify: Boolean) {\n    accessToken(where: $where, minimumTtl: $minimumTtl, rejected: $rejected, verify: $verify) {\n      __typename\n      ... on AccessToken {\n        value\n        tokenType\n        expiresAt\n        scopes\n        missingScopes\n        fingerprint\n        connection {\n          id\n        }\n      }\n      ... on NoAccessToken {\n        message\n      }\n      ... on NotConnected {\n        connectorUrl\n      }\n      ... on ReconnectRequired {\n        reason\n        connectorUrl\n        connection {\n          id\n        }\n      }\n      ... on TemporarilyUnavailable {\n        retryAfter\n      }\n      ... on MinimumTtlUnavailable {\n        maximumTtl\n      }\n    }\n  }\n": types.AccessTokenDocument,
    "\n  mutation Login($token: String!) {\n    login(token: $token) {\n      ...SessionParts\n    }\n  }\n": types.LoginDocument,
    "\n  mutation RefreshSession {\n    refreshSession {\n      ...SessionParts\n    }\n  }\n": types.RefreshSessionDocument,
    "\n  mutation Logout {\n    logout\n  }\n": types.LogoutDocument,
    "\n  mutation Connect($slug: ID!, $id: ID, $returnTo: String) {\n    connect(slug: $slug, id: $id, returnTo: $returnTo) {\n      ...ConnectionParts\n      authorization {\n        ...StartedAuthorizationParts\n      }\n    }\n  }\n": types.ConnectDocument,
    "\n  mutation SubmitAuthorization($state: String!, $fields: [FieldInput!]!) {\n    submitAuthorization(state: $state, fields: $fields) {\n      ...StartedAuthorizationParts\n    }\n  }\n": types.SubmitAuthorizationDocument,
    "\n  mutation Disconnect($where: ConnectionWhere!) {\n    disconnect(where: $where) {\n      ...ConnectionParts\n    }\n  }\n": types.DisconnectDocument,
    "\n  subscription ConnectionChanged($slug: ID) {\n    connectionChanged(slug: $slug) {\n      ...ConnectionParts\n    }\n  }\n": types.ConnectionChangedDocument,
    "\n  subscription AuthorizationStatus($id: ID!) {\n    authorizationStatus(id: $id) {\n      ...AuthorizationParts\n    }\n  }\n": types.AuthorizationStatusDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 *
 *
 * @example
 * ```ts
 * const query = graphql(`query GetUser($id: ID!) { user(id: $id) { name } }`);
 * ```
 *
 * The query argument is unknown!
 * Please regenerate the types.
 */
export function graphql(source: string): unknown;

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment ConnectorParts on Connector {\n    slug\n    name\n    shortDescription\n    description\n    markUrl\n    supportsMultipleConnections\n    connectorUrl\n  }\n"): (typeof documents)["\n  fragment ConnectorParts on Connector {\n    slug\n    name\n    shortDescription\n    description\n    markUrl\n    supportsMultipleConnections\n    connectorUrl\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment AuthorizationParts on Authorization {\n    id\n    status\n    displayLabel\n    errorCode\n    errorMessage\n    health\n    healthChangedAt\n    problem {\n      title\n      advice\n      isAlarm\n    }\n    connectedAt\n    connectedBy {\n      id\n      name\n    }\n    scopes\n    missingScopes\n    expiresAt\n  }\n"): (typeof documents)["\n  fragment AuthorizationParts on Authorization {\n    id\n    status\n    displayLabel\n    errorCode\n    errorMessage\n    health\n    healthChangedAt\n    problem {\n      title\n      advice\n      isAlarm\n    }\n    connectedAt\n    connectedBy {\n      id\n      name\n    }\n    scopes\n    missingScopes\n    expiresAt\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment StartedAuthorizationParts on Authorization {\n    ...AuthorizationParts\n    authorizeUrl\n    state\n    collect {\n      instructions\n      saveLabel\n      fields {\n        name\n        label\n        suffix\n        secret\n      }\n    }\n  }\n"): (typeof documents)["\n  fragment StartedAuthorizationParts on Authorization {\n    ...AuthorizationParts\n    authorizeUrl\n    state\n    collect {\n      instructions\n      saveLabel\n      fields {\n        name\n        label\n        suffix\n        secret\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment ConnectionParts on Connection {\n    id\n    enabled\n    createdAt\n    updatedAt\n    connectorUrl\n    connector {\n      slug\n      name\n      shortDescription\n      description\n      markUrl\n      supportsMultipleConnections\n      connectorUrl\n    }\n    authorization {\n      id\n      status\n      displayLabel\n      errorCode\n      errorMessage\n      health\n      healthChangedAt\n      problem {\n        title\n        advice\n        isAlarm\n      }\n      connectedAt\n      connectedBy {\n        id\n        name\n      }\n      scopes\n      missingScopes\n      expiresAt\n    }\n  }\n"): (typeof documents)["\n  fragment ConnectionParts on Connection {\n    id\n    enabled\n    createdAt\n    updatedAt\n    connectorUrl\n    connector {\n      slug\n      name\n      shortDescription\n      description\n      markUrl\n      supportsMultipleConnections\n      connectorUrl\n    }\n    authorization {\n      id\n      status\n      displayLabel\n      errorCode\n      errorMessage\n      health\n      healthChangedAt\n      problem {\n        title\n        advice\n        isAlarm\n      }\n      connectedAt\n      connectedBy {\n        id\n        name\n      }\n      scopes\n      missingScopes\n      expiresAt\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment ListedConnectorParts on Connector {\n    slug\n    name\n    shortDescription\n    description\n    markUrl\n    supportsMultipleConnections\n    connectorUrl\n    connections {\n      ...ConnectionParts\n    }\n  }\n"): (typeof documents)["\n  fragment ListedConnectorParts on Connector {\n    slug\n    name\n    shortDescription\n    description\n    markUrl\n    supportsMultipleConnections\n    connectorUrl\n    connections {\n      ...ConnectionParts\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment ViewerParts on Viewer {\n    id\n    name\n    groupId\n  }\n"): (typeof documents)["\n  fragment ViewerParts on Viewer {\n    id\n    name\n    groupId\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment SessionParts on Session {\n    token\n    expiresAt\n    viewer {\n      ...ViewerParts\n    }\n  }\n"): (typeof documents)["\n  fragment SessionParts on Session {\n    token\n    expiresAt\n    viewer {\n      ...ViewerParts\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Viewer {\n    viewer {\n      ...ViewerParts\n    }\n  }\n"): (typeof documents)["\n  query Viewer {\n    viewer {\n      ...ViewerParts\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Platform {\n    platform {\n      name\n      slug\n      website\n      loginRedirectUrl\n      color\n      logoUrl\n    }\n  }\n"): (typeof documents)["\n  query Platform {\n    platform {\n      name\n      slug\n      website\n      loginRedirectUrl\n      color\n      logoUrl\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Connectors {\n    connectors {\n      ...ListedConnectorParts\n    }\n  }\n"): (typeof documents)["\n  query Connectors {\n    connectors {\n      ...ListedConnectorParts\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Connector($slug: ID!) {\n    connector(slug: $slug) {\n      ...ListedConnectorParts\n    }\n  }\n"): (typeof documents)["\n  query Connector($slug: ID!) {\n    connector(slug: $slug) {\n      ...ListedConnectorParts\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Connections($slug: ID) {\n    connections(slug: $slug) {\n      ...ConnectionParts\n    }\n  }\n"): (typeof documents)["\n  query Connections($slug: ID) {\n    connections(slug: $slug) {\n      ...ConnectionParts\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Connection($where: ConnectionWhere!) {\n    connection(where: $where) {\n      ...ConnectionParts\n    }\n  }\n"): (typeof documents)["\n  query Connection($where: ConnectionWhere!) {\n    connection(where: $where) {\n      ...ConnectionParts\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ConnectionOrConnector($slug: ID!) {\n    connectionOrConnector(slug: $slug) {\n      __typename\n      ... on Connection {\n        ...ConnectionParts\n      }\n      ... on Connector {\n        ...ConnectorParts\n      }\n    }\n  }\n"): (typeof documents)["\n  query ConnectionOrConnector($slug: ID!) {\n    connectionOrConnector(slug: $slug) {\n      __typename\n      ... on Connection {\n        ...ConnectionParts\n      }\n      ... on Connector {\n        ...ConnectorParts\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query AccessToken($where: ConnectionWhere!, $minimumTtl: Int, $rejected: String, $verify: Boolean) {\n    accessToken(where: $where, minimumTtl: $minimumTtl, rejected: $rejected, verify: $verify) {\n      __typename\n      ... on AccessToken {\n        value\n        tokenType\n        expiresAt\n        scopes\n        missingScopes\n        fingerprint\n        connection {\n          id\n        }\n      }\n      ... on NoAccessToken {\n        message\n      }\n      ... on NotConnected {\n        connectorUrl\n      }\n      ... on ReconnectRequired {\n        reason\n        connectorUrl\n        connection {\n          id\n        }\n      }\n      ... on TemporarilyUnavailable {\n        retryAfter\n      }\n      ... on MinimumTtlUnavailable {\n        maximumTtl\n      }\n    }\n  }\n"): (typeof documents)["\n  query AccessToken($where: ConnectionWhere!, $minimumTtl: Int, $rejected: String, $verify: Boolean) {\n    accessToken(where: $where, minimumTtl: $minimumTtl, rejected: $rejected, verify: $verify) {\n      __typename\n      ... on AccessToken {\n        value\n        tokenType\n        expiresAt\n        scopes\n        missingScopes\n        fingerprint\n        connection {\n          id\n        }\n      }\n      ... on NoAccessToken {\n        message\n      }\n      ... on NotConnected {\n        connectorUrl\n      }\n      ... on ReconnectRequired {\n        reason\n        connectorUrl\n        connection {\n          id\n        }\n      }\n      ... on TemporarilyUnavailable {\n        retryAfter\n      }\n      ... on MinimumTtlUnavailable {\n        maximumTtl\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation Login($token: String!) {\n    login(token: $token) {\n      ...SessionParts\n    }\n  }\n"): (typeof documents)["\n  mutation Login($token: String!) {\n    login(token: $token) {\n      ...SessionParts\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RefreshSession {\n    refreshSession {\n      ...SessionParts\n    }\n  }\n"): (typeof documents)["\n  mutation RefreshSession {\n    refreshSession {\n      ...SessionParts\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation Logout {\n    logout\n  }\n"): (typeof documents)["\n  mutation Logout {\n    logout\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation Connect($slug: ID!, $id: ID, $returnTo: String) {\n    connect(slug: $slug, id: $id, returnTo: $returnTo) {\n      ...ConnectionParts\n      authorization {\n        ...StartedAuthorizationParts\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation Connect($slug: ID!, $id: ID, $returnTo: String) {\n    connect(slug: $slug, id: $id, returnTo: $returnTo) {\n      ...ConnectionParts\n      authorization {\n        ...StartedAuthorizationParts\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SubmitAuthorization($state: String!, $fields: [FieldInput!]!) {\n    submitAuthorization(state: $state, fields: $fields) {\n      ...StartedAuthorizationParts\n    }\n  }\n"): (typeof documents)["\n  mutation SubmitAuthorization($state: String!, $fields: [FieldInput!]!) {\n    submitAuthorization(state: $state, fields: $fields) {\n      ...StartedAuthorizationParts\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation Disconnect($where: ConnectionWhere!) {\n    disconnect(where: $where) {\n      ...ConnectionParts\n    }\n  }\n"): (typeof documents)["\n  mutation Disconnect($where: ConnectionWhere!) {\n    disconnect(where: $where) {\n      ...ConnectionParts\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription ConnectionChanged($slug: ID) {\n    connectionChanged(slug: $slug) {\n      ...ConnectionParts\n    }\n  }\n"): (typeof documents)["\n  subscription ConnectionChanged($slug: ID) {\n    connectionChanged(slug: $slug) {\n      ...ConnectionParts\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription AuthorizationStatus($id: ID!) {\n    authorizationStatus(id: $id) {\n      ...AuthorizationParts\n    }\n  }\n"): (typeof documents)["\n  subscription AuthorizationStatus($id: ID!) {\n    authorizationStatus(id: $id) {\n      ...AuthorizationParts\n    }\n  }\n"];

export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}

export type DocumentType<TDocumentNode extends DocumentNode<any, any>> = TDocumentNode extends DocumentNode<  infer TType,  any>  ? TType  : never;