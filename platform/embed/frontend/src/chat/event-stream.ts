import { Problem } from "./problem";
import type { StreamEvent } from "./types";

/** The server writes a comment line every 15 s; four missed ones mean that nobody is there any more. */
const SILENCE_MS = 60_000;

/**
 * Cuts a text stream into server-sent events
 * (https://html.spec.whatwg.org/multipage/server-sent-events.html). `EventSource` cannot send a POST, so the
 * stream is read with fetch.
 */
export class EventStreamParser {
  rest = "";
  lastEventId = "";
  event = "";
  data: string[] = [];
  started = false;

  /**
   * @param chunk any part of the stream
   * @returns the events that became complete with it
   */
  push(chunk: string): StreamEvent[] {
    let text = this.rest + chunk;
    if (!this.started && text) {
      this.started = true;
      text = text.replace(/^\uFEFF/, "");
    }
    // A CR at the very end may be half of a CR LF: it waits for the next chunk.
    const complete = text.endsWith("\r") ? text.slice(0, -1) : text;
    const lines = complete.split(/\r\n|\n|\r/);
    this.rest = (lines.pop() ?? "") + text.slice(complete.length);
    const events: StreamEvent[] = [];
    for (const line of lines) {
      const event = this.readLine(line);
      if (event) events.push(event);
    }
    return events;
  }

  readLine(line: string): StreamEvent | null {
    if (line === "") return this.dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return null; // a comment: the server's ping
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.event = value;
    else if (field === "data") this.data.push(value);
    else if (field === "id" && !value.includes("\0")) this.lastEventId = value;
    return null;
  }

  dispatch(): StreamEvent | null {
    const { event, data } = this;
    this.event = "";
    this.data = [];
    if (!data.length) return null;
    return { id: this.lastEventId, event: event || "message", data: readJson(data.join("\n")) };
  }
}

function readJson(text: string) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem({ status: 0, code: "connection_lost" });
  }
}

/**
 * The events of a response, one after the other. Raises a Problem with the code "connection_lost" when the
 * connection breaks or falls silent.
 * @param options `silence`: milliseconds without a byte that count as lost
 */
export async function* readEvents(
  response: Response,
  { silence = SILENCE_MS }: { silence?: number } = {},
): AsyncGenerator<StreamEvent, void, void> {
  if (!response.body) throw new Problem({ status: 0, code: "connection_lost" });
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  const parser = new EventStreamParser();
  try {
    for (;;) {
      const { done, value } = await within(silence, reader.read());
      if (done) return;
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    reader.cancel().catch(() => {}); // a reader who stops early lets go of the connection
  }
}

async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const lost = () => new Problem({ status: 0, code: "connection_lost" });
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(lost()), milliseconds);
  });
  try {
    return await (Promise.race([promise, late]) as Promise<T>);
  } catch (error) {
    throw error instanceof Problem ? error : lost();
  } finally {
    clearTimeout(timer);
  }
}
