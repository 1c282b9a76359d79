import { createServer } from "node:http";
import { once } from "node:events";
import { z } from "zod";

const valueSchema = z
  .object({ stringValue: z.string() })
  .or(z.object({ intValue: z.coerce.number() }))
  .or(z.object({ boolValue: z.boolean() }));
const attributesSchema = z
  .array(z.object({ key: z.string(), value: valueSchema.transform((value) => Object.values(value)[0]) }))
  .transform((attributes) => Object.fromEntries(attributes.map(({ key, value }) => [key, value])));
const spanSchema = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  kind: z.number(),
  attributes: attributesSchema,
  status: z.object({ code: z.number() }),
});
const requestSchema = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: attributesSchema }),
      scopeSpans: z.array(z.object({ spans: z.array(spanSchema) })),
    }),
  ),
});

export type ReceivedSpan = z.output<typeof spanSchema>;

/** A collector of OTLP over HTTP. */
export interface OtlpReceiver {
  url: string;
  /** Each request, as it came. */
  requests: { path: string; contentType: string; body: string }[];
  /** The spans of all requests in JSON, in the order in which they ended. */
  spans(): ReceivedSpan[];
  /** The service that has sent them. */
  serviceName(): unknown;
  close(): Promise<void>;
}

/** @param status what it answers. */
export async function startOtlpReceiver(status = 200): Promise<OtlpReceiver> {
  const requests: OtlpReceiver["requests"] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { "content-type": contentType = "" } = request.headers;
      requests.push({ path: request.url ?? "", contentType, body: Buffer.concat(chunks).toString("utf8") });
      response.writeHead(status, { "content-type": contentType }).end(contentType === "application/json" ? "{}" : "");
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || !address) throw new TypeError("The receiver listens at a port.");
  const received = () =>
    requests
      .filter(({ contentType }) => contentType === "application/json")
      .flatMap(({ body }) => requestSchema.parse(JSON.parse(body)).resourceSpans);
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    spans: () => received().flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
    serviceName: () => received()[0]?.resource.attributes["service.name"],
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
