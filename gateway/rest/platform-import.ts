import { z } from "zod";
import { forbidden } from "../../schema/errors.ts";
import { importedListSchema } from "../../schema/input.ts";
import type { ImportResult } from "../../schema/upstream.ts";
import { defineOperation, noInput, type Operation, strictObject } from "./operation.ts";
import { serializeOwner } from "./serialize.ts";
import { wireAnswers } from "./wire-answers.ts";

const toWire = ({ status, importId, owner, connector, connectionId, messages }: ImportResult) => ({
  status,
  import_id: importId,
  owner: owner && serializeOwner(owner),
  connector,
  connection_id: connectionId,
  messages,
});

const importBody = strictObject({
  connections: importedListSchema.meta({
    description: "Each connection is an object like a line of an import file. A wrong one does not affect the others.",
  }),
  dry_run: z
    .boolean()
    .optional()
    .meta({ description: "Whether to write nothing, and only return what would happen to each connection. Default: false." }),
});

/** What another system holds comes in (contract, "Server endpoints"). */
export const importOperations: readonly Operation[] = [
  defineOperation({
    ...noInput,
    name: "importConnections",
    caller: "platform",
    method: "post",
    path: "/connections/import",
    summary: "Imports connections of another system. Connections that work here or were already imported are not changed.",
    body: importBody,
    answer: wireAnswers.imports,
    async handle({ platform }, { body: { connections, dry_run: isDryRun = false } }) {
      if (!platform.importConnections) throw forbidden("This gateway's upstream holds its connections: import them there.");
      return { results: (await platform.importConnections(connections, { isDryRun })).map(toWire) };
    },
  }),
];
