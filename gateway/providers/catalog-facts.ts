import { z } from "zod";
import { connectorCategories } from "../../schema/connector-category.ts";

/** Most categories and search terms of one connector: the catalog sends them to every visitor. */
const MAXIMUM_CATEGORIES = 4;
const MAXIMUM_SEARCH_TERMS = 16;

/** What a provider is for, in the vocabulary that catalogs filter by. */
export const categoriesSchema = z
  .array(z.enum(connectorCategories, `must be one of ${connectorCategories.join(", ")}`))
  .max(MAXIMUM_CATEGORIES, `must have at most ${MAXIMUM_CATEGORIES} categories`);

/** What people call it besides its name: parts of it, its maker, what it was called before. */
export const searchTermsSchema = z
  .array(z.string().trim().toLowerCase().min(2).max(40))
  .max(MAXIMUM_SEARCH_TERMS, `must have at most ${MAXIMUM_SEARCH_TERMS} terms`);
