import { z } from "zod";
import { type Context, requirePlatform, requireUser, type Sessions } from "../../schema/context.ts";
import { badUserInput, forbidden, LONGEST_MEMBER_NAME } from "../../schema/errors.ts";
import { parseInput } from "../../schema/input.ts";
import { listWords } from "../../schema/issue-words.ts";
import type { PlatformAccess, Viewer, ViewerConnections } from "../../schema/upstream.ts";

/** What an operation can reach, by who may call it. */
export interface Callers {
  /** No credential is needed. */
  public: Context;
  /** A signed-in user, by bearer. */
  user: {
    context: Context;
    viewer(): Promise<Viewer>;
    /** Whether the bearer is still good, and still of the same user in the same group. */
    stillAllowed(): Promise<boolean>;
    connections: ViewerConnections;
    createOneTimeToken(): Promise<string>;
    /** Of the page that asks, if one does. */
    origin: string | null;
    login(): Promise<Session>;
  };
  /** A page of the platform, by the session cookie alone: a bearer beside it is not looked at. */
  cookie: Sessions;
  /** A server, by its key pair. */
  platform: { context: Context; platform: PlatformAccess };
}
type Session = Awaited<ReturnType<Sessions["login"]>>;
export type CallerKind = keyof Callers;

type Shape = z.ZodObject;

interface Definition<Kind extends CallerKind, Path extends Shape, Query extends Shape, Body extends Shape, Answer extends Shape> {
  /** What generated clients call its method: the `operationId`. Part of the contract. */
  name: string;
  caller: Kind;
  method: "get" | "post" | "put" | "delete";
  /** As OpenAPI writes it, below the base of its part: `/connections/{slug}`. */
  path: string;
  summary: string;
  params: Path;
  query: Query;
  /** `noInput.body` for a request without one. */
  body: Body;
  /** Of a success; 204 has no body. Default 200. */
  status?: 200 | 201 | 204;
  answer: Answer;
  /** Whether its answer never holds a token, a code or a state, so that it may be compressed. Default: false. */
  holdsNoSecret?: boolean;
  /** Failures beyond those that any request can meet. */
  failures?: readonly (404 | 409 | 502)[];
  handle(
    caller: Callers[Kind],
    input: { params: z.output<Path>; query: z.output<Query>; body: z.output<Body> },
  ): Promise<z.input<Answer>> | z.input<Answer>;
}

/**
 * One operation of the contract: its schemas parse the request, type the answer, and make its part of the OpenAPI document. The answer is
 * ours, so that it is not parsed: the tests hold each against the document.
 */
export interface Operation {
  name: string;
  caller: CallerKind;
  method: "get" | "post" | "put" | "delete";
  path: string;
  summary: string;
  params: Shape;
  query: Shape;
  body: Shape | null;
  status: 200 | 201 | 204;
  answer: Shape;
  holdsNoSecret: boolean;
  failures: readonly number[];
  run(callers: CallerResolvers, input: RawInput): Promise<unknown>;
}

/** How an operation gets at its caller; each throws when the caller may not. */
export type CallerResolvers = { [Kind in CallerKind]: () => Promise<Callers[Kind]> };

export interface RawInput {
  params: Record<string, string>;
  query: Record<string, string>;
  /** Read only once the caller is known. */
  readBody(): Promise<unknown>;
}

const nothing = z.object({});

/** A body, or an object in one, that refuses members which it does not know by their names: a misspelt one would say nothing. */
export const strictObject = <Members extends z.ZodRawShape>(members: Members) =>
  z.strictObject(members, {
    error: ({ code }) =>
      code === "unrecognized_keys" ? `is not a known field. Known fields are ${listWords(Object.keys(members), "and")}` : undefined,
  });

/** What an operation takes when it says nothing else. */
export const noInput = { params: nothing, query: nothing, body: nothing };

/** Ties schemas, caller and handler of one operation together. */
export function defineOperation<
  Kind extends CallerKind,
  Path extends Shape,
  Query extends Shape,
  Body extends Shape,
  Answer extends Shape,
>({ handle, failures = [], status = 200, holdsNoSecret = false, ...definition }: Definition<Kind, Path, Query, Body, Answer>): Operation {
  const { caller, params, query, body } = definition;
  // Compared as what they are: schemas without a type in common.
  const schema: Shape = body;
  const hasBody = schema !== noInput.body;
  return {
    ...definition,
    status,
    holdsNoSecret,
    failures,
    body: hasBody ? body : null,
    async run(callers, raw) {
      const access = await callers[caller]();
      refuseUnknownParameters(raw.query, Object.keys(query.shape));
      const input = {
        params: parse(params, raw.params),
        query: parse(query, raw.query),
        body: parse(body, hasBody ? await raw.readBody() : {}),
      };
      return handle(access, input);
    },
  };
}

/** A misspelt parameter would say nothing. Throws BAD_USER_INPUT that names the first. */
export function refuseUnknownParameters(given: Record<string, string>, known: readonly string[]): void {
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    const path = name.slice(0, LONGEST_MEMBER_NAME);
    throw badUserInput(
      `${path}: is not a known parameter. ${known.length > 0 ? `Known parameters are ${listWords(known, "and")}` : "No parameter is known here"}.`,
      path,
    );
  }
}

/** What a schema makes of outside data. Throws BAD_USER_INPUT that names the first thing wrong. */
export const parse = <Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> => parseInput(schema, value, "The body");

/** Resolves who calls, for one request. Each throws UNAUTHENTICATED or FORBIDDEN for another kind of caller. */
export function createCallerResolvers(request: {
  create(): Promise<Context>;
  sessions(): Sessions;
  createOneTimeToken(userId: string): Promise<string>;
  origin(): string | null;
  bearer(): string;
}): CallerResolvers {
  return {
    public: () => request.create(),
    cookie: async () => request.sessions(),
    async user() {
      const context = await request.create();
      if (context.platform) throw forbidden("Only users may call this. With an API key, use the paths below /api/platform.");
      const connections = requireUser(context);
      if (!context.user) throw new TypeError("requireUser lets users alone through.");
      const { viewer, stillAllowed } = context.user;
      return {
        context,
        viewer,
        stillAllowed,
        connections,
        origin: request.origin(),
        createOneTimeToken: async () => request.createOneTimeToken((await viewer()).userId),
        login: () => context.sessions.login(request.bearer()),
      };
    },
    async platform() {
      const context = await request.create();
      return { context, platform: requirePlatform(context) };
    },
  };
}
