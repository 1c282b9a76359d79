import SchemaBuilder, { BasePlugin, type PothosOutputFieldConfig, type SchemaTypes } from "@pothos/core";
import { LRUCache } from "lru-cache";

/** Arguments of one field that are known at most. */
const KNOWN_ARGUMENTS = 500;
/** Longer arguments are validated each time. */
const MAXIMUM_CHARACTERS = 1_024;

type Arguments = Record<string, unknown>;
type ArgumentMapper = PothosOutputFieldConfig<SchemaTypes>["argMappers"][number];

declare global {
  export namespace PothosSchemaTypes {
    interface Plugins<Types extends SchemaTypes> {
      knownArguments: KnownArgumentsPlugin<Types>;
    }
  }
}

/**
 * Arguments that were found valid are known by their text, and are not validated again: what is valid depends on nothing else, and
 * validation changes nothing. Not those of mutations, which hold secrets. To be listed before the plugin that validates.
 */
export class KnownArgumentsPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override onOutputFieldConfig(field: PothosOutputFieldConfig<Types>): PothosOutputFieldConfig<Types> {
    return field.parentType === "Mutation" ? field : { ...field, argMappers: field.argMappers.map(rememberValid) };
  }
}

function rememberValid(validate: ArgumentMapper): ArgumentMapper {
  const known = new LRUCache<string, true>({ max: KNOWN_ARGUMENTS });
  return (given: Arguments, context, info) => {
    const text = JSON.stringify(given);
    if (known.get(text)) return given;
    const validated = validate(given, context, info);
    if (!(validated instanceof Promise) && text.length <= MAXIMUM_CHARACTERS) known.set(text, true);
    return validated;
  };
}

// A process may load two copies of these sources, as a bundle beside single modules.
SchemaBuilder.allowPluginReRegistration = true;
SchemaBuilder.registerPlugin("knownArguments", KnownArgumentsPlugin);
