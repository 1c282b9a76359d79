import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import {
  type ASTVisitor,
  type DefinitionNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type NameNode,
  parse,
  print,
  visit,
} from "graphql";
import { z } from "zod";
import { ConfigError, type Config } from "../config/config.ts";
import { codeOf } from "../config/explain-error.ts";
import { safeParseJson } from "../runtime/json.ts";
import { clientOperations } from "./client-operations.ts";
import { MAXIMUM_DOCUMENT_BYTES } from "./documents.ts";

/** Largest manifest: 16 MiB. */
const MAXIMUM_MANIFEST_BYTES = 16_777_216;

/** Documents that the operator has listed. */
export interface TrustedDocuments {
  /** The source of a document by its id in a manifest, or by `sha256:` and the hash of the source. */
  find(id: string): string | undefined;
  /**
   * Whether a document may run. All may, unless trusted ones alone are allowed: those of the manifests and this project's own client's.
   * Layout, names of fragments and `__typename` make no difference.
   */
  allows(document: DocumentNode): boolean;
}

/** Codegen's and Relay's persisted documents, Apollo Kotlin's operation output, and Apollo's persisted query manifest. */
const manifestSchema = z.union([
  z.object({
    format: z.literal("apollo-persisted-query-manifest"),
    version: z.literal(1),
    operations: z.array(z.object({ id: z.string(), body: z.string() })),
  }),
  z.record(z.string(), z.union([z.string(), z.object({ source: z.string() })])),
]);

/** Reads the manifests. Throws `ConfigError` for one that cannot be read, and for two documents of one id. */
export function readTrustedDocuments({ paths, only }: Config["trustedDocuments"]): TrustedDocuments {
  const sources = new Map<string, string>();
  const problems = paths.flatMap((path) => readManifest(path, sources));
  if (problems.length > 0) throw new ConfigError(problems.map((problem) => `XKIT_TRUSTED_DOCUMENTS names ${problem}`));
  const listed = [...sources.values()];
  for (const source of listed) sources.set(`sha256:${createHash("sha256").update(source).digest("hex")}`, source);
  const allowed = only ? new Set([...listed, ...clientOperations].map((source) => normalize(parse(source)))) : null;
  return {
    find: (id) => sources.get(id),
    allows: (document) => allowed === null || allowed.has(normalize(document)),
  };
}

/** Adds the documents of a manifest, and answers what is wrong with it. */
function readManifest(path: string, sources: Map<string, string>): string[] {
  const text = readText(path);
  if (typeof text !== "string") return [text.problem];
  const { data: manifest } = manifestSchema.safeParse(safeParseJson(text));
  if (!manifest) return [`${path}, which must be a JSON object of documents by id, or a persisted query manifest of Apollo (version 1)`];
  const problems: string[] = [];
  for (const [id, source] of listDocuments(manifest)) {
    const problem =
      problemOf(source) ??
      ((sources.get(id) ?? source) === source ? null : "differs from the document with the same id in an earlier manifest");
    if (problem) problems.push(`${path}, where the document "${id.slice(0, 100)}" ${problem}`);
    sources.set(id, source);
  }
  return problems;
}

function readText(path: string): string | { problem: string } {
  try {
    if (statSync(path).size > MAXIMUM_MANIFEST_BYTES) return { problem: `${path}, which is longer than ${MAXIMUM_MANIFEST_BYTES} bytes` };
    return readFileSync(path, "utf8");
  } catch (error) {
    return { problem: `${path}, which cannot be read (${codeOf(error)})` };
  }
}

function listDocuments(manifest: z.output<typeof manifestSchema>): [id: string, source: string][] {
  if (Array.isArray(manifest["operations"])) return manifest["operations"].map(({ id, body }) => [id, body]);
  return Object.entries(manifest).map(([id, document]) => [id, typeof document === "string" ? document : document.source]);
}

function problemOf(source: string): string | null {
  if (Buffer.byteLength(source) > MAXIMUM_DOCUMENT_BYTES) return `is longer than ${MAXIMUM_DOCUMENT_BYTES} bytes`;
  try {
    parse(source, { noLocation: true });
    return null;
  } catch (error) {
    return `does not parse${error instanceof GraphQLError ? ` (${error.message})` : ""}`;
  }
}

/** A document as text, with its fragments named and ordered by their first use, and without `__typename`. */
function normalize({ definitions }: DocumentNode): string {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const one of definitions) if (one.kind === Kind.FRAGMENT_DEFINITION) fragments.set(one.name.value, one);
  const names = new Map<string, string>();
  const texts: string[] = [];
  const rename = (name: string): NameNode => {
    const short = names.get(name) ?? `F${names.size}`;
    names.set(name, short);
    return { kind: Kind.NAME, value: short };
  };
  const visitor: ASTVisitor = {
    Field: ({ name, alias, directives }) => (name.value === "__typename" && !alias && !directives?.length ? null : undefined),
    FragmentSpread: (node) => ({ ...node, name: rename(node.name.value) }),
  };
  const add = (definition: DefinitionNode) => void texts.push(print(visit(definition, visitor)));
  definitions.filter(({ kind }) => kind !== Kind.FRAGMENT_DEFINITION).forEach(add);
  // Grows while it is walked: a fragment may spread others.
  for (const [name] of names) {
    const fragment = fragments.get(name);
    if (fragment) add({ ...fragment, name: rename(name) });
  }
  return texts.join("\n");
}
