import { findNearest } from "../runtime/nearest.ts";

export const USAGE = `xkit-gateway: live third-party access tokens for your users

  xkit-gateway [start]                      run the gateway
      [--workers <number>]                  with so many processes on one port; default: XKIT_WORKERS, else 1
  xkit-gateway connectors list              list the providers that the gateway knows
  xkit-gateway connectors check [<slug>]    list errors and known traps of the configured connectors
  xkit-gateway connectors add <provider>    write a connector into the configuration file
      [--as <slug>]
  xkit-gateway connections list             list the connections of all users and groups, without their tokens
      [--connector <slug>] [--user <id>] [--group <id>] [--since <time>]
      [--health working|unavailable|misconfigured|reconnect_required]
  xkit-gateway connections show <id>        say how a connection is, without its token
  xkit-gateway connections disconnect <id>  disconnect it, and revoke its grant at the provider
  xkit-gateway connections refresh <id>     refresh its token now, at most once in 30 s
  xkit-gateway connections disable <id>     withhold its tokens; its user cannot connect it again
  xkit-gateway connections enable <id>      undo that
  xkit-gateway users token <user_id>        print a user token, making the user known first
      [--group <id>] [--name <name>]
  xkit-gateway users revoke <user_id>       end all tokens and sessions of a user or operator until now
  xkit-gateway users erase <user_id>        delete all that is held of a user, and revoke their grants
  xkit-gateway users export <user_id>       print all that is held of a user as JSON, without tokens
  xkit-gateway keys create [--name <name>]  print a new pair of API keys; the secret is shown once
  xkit-gateway keys list                    list them, without their secrets
  xkit-gateway keys revoke <publishable>    end a pair, in every process
  xkit-gateway keys seal                    print a new key for XKIT_ENCRYPTION_KEYS
  xkit-gateway keys status                  count the sealed values and HMACs of each key
  xkit-gateway keys reseal                  seal everything with the first key, also while gateways run
  xkit-gateway keys rotate                  sign new session tokens with a new key
  xkit-gateway audit [--since <time>]       print who read which token, who connected, and who acted; default: of the last day
      [--user <id>] [--connection <id>] [--json] [--follow]
  xkit-gateway audit verify                 check that no row of the audit was changed or taken away
  xkit-gateway webhooks list                list the webhooks, and what each has not taken
  xkit-gateway webhooks test <name>         send an event that means nothing
  xkit-gateway webhooks dead <name>         list the events that a webhook has not taken in a day
  xkit-gateway webhooks replay <name>       send the dead events again, or the one, or all since a time
      [--id <event>] [--since <time>]
  xkit-gateway doctor                       look at all that a gateway needs: configuration, store, keys, clock, address, disk, providers
  xkit-gateway import <file>                import connections from lines of JSON; - reads what is piped in
      [--from jsonl|nango|better-auth]      how the file is written; default: jsonl
      [--map <theirs>=<ours>,…]             connectors by another system's names for them
      [--dry-run]                           write nothing, and say what would become of each line
      [--verify]                            refresh each imported token once, and say which do not work
  xkit-gateway export [<file>] --to <key>   export the working connections, sealed to a public key in a file
  xkit-gateway backup <path>                copy a SQLite store, also while gateways run
  xkit-gateway restore <backup>             put a backup in a SQLite store's place
  xkit-gateway restore --taken-at <time>    say when the dump of a restored Postgres store was started

  xkit-gateway <group>                      list the commands of a group, as keys
  xkit-gateway --version

--json prints one JSON value in place of lines, where a command lists something; audit, import and connections list print one on each line.
Environment and configuration file are those of the gateway itself.
Exit codes: 0 done, 1 failed, or something is wrong that was looked for, 2 misuse of the command line or its configuration.`;

/** The lines of the usage about one command or group; null where there are none. */
export function usageOf(word: string | undefined): string | null {
  const [, entries = ""] = USAGE.split("\n\n");
  // An entry may go on in indented lines.
  const chosen = entries.split(/\n(?= {2}xkit-gateway )/).filter((entry) => entry.trim().split(/\s+/)[1] === word);
  return chosen.length > 0 ? chosen.join("\n") : null;
}

/** Says that there is no such command, and which one was probably meant. */
export function describeUnknown(words: readonly string[], known: readonly string[]): string {
  const nearest = findNearest(words.slice(0, 2).join(" "), known);
  return `There is no command "${words.join(" ")}".${nearest === null ? "" : ` Did you mean "${nearest}"?`}`;
}
