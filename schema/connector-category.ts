/** What connectors are for: a fixed, small vocabulary, which catalogs filter by. */
export const connectorCategories = [
  "ai",
  "calendar",
  "commerce",
  "communication",
  "data",
  "design",
  "development",
  "education",
  "files",
  "finance",
  "games",
  "health",
  "marketing",
  "media",
  "people",
  "productivity",
  "projects",
  "sales",
  "social",
  "support",
] as const;

export type ConnectorCategory = (typeof connectorCategories)[number];
