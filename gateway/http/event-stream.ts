const streams = new WeakSet<Response>();

/** Notes whether an answer is a stream of server-sent events, which lasts until either side ends it. */
export function noteEventStream(response: Response): boolean {
  const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") ?? false;
  if (isStream) streams.add(response);
  return isStream;
}

/** Whether an answer was noted as a stream. Looks at no header: that would slow every other answer. */
export const isEventStream = (response: Response): boolean => streams.has(response);
