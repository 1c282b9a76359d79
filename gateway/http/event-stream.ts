/** Whether an answer is a stream of server-sent events, which lasts until either side ends it. */
export const isEventStream = ({ headers }: Response): boolean => headers.get("content-type")?.startsWith("text/event-stream") ?? false;
