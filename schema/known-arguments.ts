import SchemaBuilder, { BasePlugin, type PothosOutputFieldConfig, type SchemaTypes } from "@pothos/core";
import { LRUCache } from "lru-cache";

/** What the known arguments of all fields may take in memory: 2 MiB. Anybody can fill it. */
const KNOWN_BYTES = 2_097_152;
/** What an entry takes beside its characters. */
const BYTES_PER_ENTRY = 128;
const BYTES_PER_CHARACTER = 2;
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
  readonly #known: Known = new LRUCache({
    maxSize: KNOWN_BYTES,
    sizeCalculation: (_isKnown, key) => BYTES_PER_ENTRY + BYTES_PER_CHARACTER * key.length,
  });

  override onOutputFieldConfig(field: PothosOutputFieldConfig<Types>): PothosOutputFieldConfig<Types> {
    if (field.parentType === "Mutation") return field;
    const argMappers = field.argMappers.map((validate, index) =>
      rememberValid(this.#known, `${field.parentType}.${field.name} ${index} `, validate),
    );
    return { ...field, argMappers };
  }
}

type Known = LRUCache<string, true>;

/** @param name of what validates: no other one's begins with it. */
function rememberValid(known: Known, name: string, validate: ArgumentMapper): ArgumentMapper {
  return (given: Arguments, context, info) => {
    const text = JSON.stringify(given);
    const key = name + text;
    if (known.get(key)) return given;
    const validated = validate(given, context, info);
    if (!(validated instanceof Promise) && text.length <= MAXIMUM_CHARACTERS) known.set(key, true);
    return validated;
  };
}

// A process may load two copies of these sources, as a bundle beside single modules.
SchemaBuilder.allowPluginReRegistration = true;
SchemaBuilder.registerPlugin("knownArguments", KnownArgumentsPlugin);
