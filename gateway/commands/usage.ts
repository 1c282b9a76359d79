import { findNearest } from "../runtime/nearest.ts";

export const USAGE = `xkit-gateway: live third-party access tokens for your users

  xkit-gateway [start]                      run the gateway
      [--workers <number>]                  number of processes that share its port; default: XKIT_WORKERS, or 1
  xkit-gateway connectors list              list the providers that the gateway knows
  xkit-gateway connectors check [<slug>]    test the configured connectors, and list errors and known traps
  xkit-gateway connectors add <provider>    write a connector into the configuration file
      [--as <slug>]
  xkit-gateway connections list             list the connections of all users and groups, without tokens
      [--connector <slug>] [--user <id>] [--group <id>] [--since <time>]
      [--health working|unavailable|misconfigured|reconnect_required]
  xkit-gateway connections show <id>        show the state of a connection, without its token
  xkit-gateway connections disconnect <id>  disconnect a connection, and revoke its grant at the provider
  xkit-gateway connections refresh <id>     refresh the token of a connection now, at most once in 30 s
  xkit-gateway connections disable <id>     withhold the tokens of a connection; its user cannot connect it again
  xkit-gateway connections enable <id>      allow a disabled connection again
  xkit-gateway users token <user_id>        print a user token; creates or updates the user
      [--group <id>] [--name <name>]
  xkit-gateway users revoke <user_id>       end all current tokens and sessions of a user or operator
  xkit-gateway users erase <user_id>        delete all data about a user, and revoke their grants
  xkit-gateway users export <user_id>       print all data about a user as JSON, without tokens
  xkit-gateway keys create [--name <name>]  create an API key; its secret is shown once
  xkit-gateway keys list                    list the API keys, without their secrets
  xkit-gateway keys revoke <publishable>    revoke an API key, in all processes
  xkit-gateway keys seal                    print a new key for XKIT_ENCRYPTION_KEYS
  xkit-gateway keys status                  count the stored secrets and HMACs that use each sealing key
  xkit-gateway keys reseal                  seal everything with the first sealing key; gateways may be running
  xkit-gateway keys rotate                  sign session tokens with a new key from now on
  xkit-gateway audit [--since <time>]       print who read which token, who connected, and who acted; default: the last day
      [--user <id>] [--connection <id>] [--json] [--follow]
  xkit-gateway audit verify                 check that no row of the audit was changed or removed
  xkit-gateway webhooks list                list the webhooks, and how many events each has still to accept
  xkit-gateway webhooks test <name>         send a test event
  xkit-gateway webhooks dead <name>         list the events that a webhook did not accept in all attempts
  xkit-gateway webhooks replay <name>       send again all dead events, one event, or all events since a time
      [--id <event>] [--since <time>]
  xkit-gateway doctor                       check what a gateway needs: configuration, store, keys, clock, address, disk, providers
  xkit-gateway import <file>                import connections from JSON lines; - reads standard input
      [--from jsonl|nango|better-auth]      the format of the file; default: jsonl
      [--map <theirs>=<ours>,…]             the other system's names of connectors, and yours
      [--dry-run]                           write nothing, and print what would happen to each line
      [--verify]                            refresh each imported token once, and print those that do not work
  xkit-gateway export [<file>] --to <key>   export the working connections, encrypted for the public key in a file
  xkit-gateway backup <path>                copy a SQLite store; gateways may be running
  xkit-gateway restore <backup>             replace a SQLite store with a backup
  xkit-gateway restore --taken-at <time>    note when the dump of a restored Postgres store was started

  xkit-gateway <group>                      list the commands of a group, such as keys
  xkit-gateway --version

--json prints one JSON value instead of lines. audit, import and connections list print one JSON value on each line.
Commands read the same environment and configuration file as the gateway.
Exit codes: 0 success; 1 failure, not found, or a check found an error; 2 wrong use of the command line, or an invalid configuration.`;

/** The lines of the usage about one command or group; null if it has none. */
export function usageOf(word: string | undefined): string | null {
  const [, entries = ""] = USAGE.split("\n\n");
  // The further lines of an entry are indented more.
  const chosen = entries.split(/\n(?= {2}xkit-gateway )/).filter((entry) => entry.trim().split(/\s+/)[1] === word);
  return chosen.length > 0 ? chosen.join("\n") : null;
}

/** Says that a command is unknown, and which one was probably meant. */
export function describeUnknown(words: readonly string[], known: readonly string[]): string {
  const nearest = findNearest(words.slice(0, 2).join(" "), known);
  return `Unknown command "${words.join(" ")}".${nearest === null ? "" : ` Did you mean "${nearest}"?`}`;
}
