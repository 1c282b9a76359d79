/** Writes which types each interface and union stands for, as the caches of Apollo and others want it: a plugin of graphql-codegen. */
import { isAbstractType } from "graphql";

export const plugin = (schema) => {
  const types = Object.values(schema.getTypeMap()).filter((type) => isAbstractType(type) && !type.name.startsWith("__"));
  return JSON.stringify(
    Object.fromEntries(types.map((type) => [type.name, schema.getPossibleTypes(type).map(({ name }) => name)])),
    null,
    2,
  );
};
