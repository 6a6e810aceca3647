import { readEvents } from "./event-stream";
import { Problem, problemOf } from "./problem";
import type {
  Assistant,
  Decision,
  Feedback,
  Message,
  Passage,
  Proof,
  Run,
  StreamEvent,
  Thread,
  ToolCallMade,
} from "./types";

export interface StreamOptions {
  /** lets go of the connection; the run goes on */
  signal?: AbortSignal;
  /** the Idempotency-Key: the same request sent again joins what the first began */
  key?: string;
}

interface Request {
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** What an `ApiClient` needs to know of who asks: see `ChatConfig`. */
export interface Access {
  /** path or address of the API, without the last slash */
  base: string;
  proof: Proof;
  renew?: () => Promise<boolean>;
  /** "omit" where the proof alone says who asks */
  credentials?: RequestCredentials;
}

/** The chat's calls to the API. Every method raises a `Problem` when the call is refused or nothing answers. */
export class ApiClient {
  access: Access;
  renewing: Promise<boolean> | null = null;

  constructor(access: Access) {
    this.access = access;
  }

  assistants(): Promise<Assistant[]> {
    return this.json("GET", "assistants/");
  }

  /** @returns newest first */
  threads(): Promise<Thread[]> {
    return this.json("GET", "threads/");
  }

  createThread(thread: { name: string, assistant_id: string }): Promise<Thread> {
    return this.json("POST", "threads/", thread);
  }

  renameThread(id: string, name: string): Promise<Thread> {
    return this.json("PATCH", `threads/${encodeURIComponent(id)}/`, { name });
  }

  deleteThread(id: string): Promise<void> {
    return this.json("DELETE", `threads/${encodeURIComponent(id)}/`);
  }

  /** @returns the newest 500, oldest first */
  async messages(threadId: string): Promise<Message[]> {
    const newestFirst = await this.json(
      "GET",
      `threads/${encodeURIComponent(threadId)}/messages/?order=desc&limit=500`,
    );
    return newestFirst.reverse();
  }

  /** @returns what was called in the thread, oldest first */
  toolCalls(threadId: string): Promise<ToolCallMade[]> {
    return this.json("GET", `threads/${encodeURIComponent(threadId)}/tool-calls/`);
  }

  passage(chunkId: string | number): Promise<Passage> {
    return this.json("GET", `passages/${encodeURIComponent(chunkId)}/`);
  }

  /** The passage that a message cites: for all who may view the thread. */
  citation(threadId: string, messageId: string, number: number): Promise<Passage> {
    const message = `threads/${encodeURIComponent(threadId)}/messages/${encodeURIComponent(messageId)}`;
    return this.json("GET", `${message}/citations/${number}/`);
  }

  /** @returns the thread's newest run */
  async latestRun(threadId: string): Promise<Run | null> {
    const runs = await this.json("GET", `threads/${encodeURIComponent(threadId)}/runs/?limit=1`);
    return runs[0] ?? null;
  }

  /** Send a message; the answer's events as they come. */
  send(threadId: string, message: { assistant_id: string, content: string }, options: StreamOptions) {
    return this.stream("POST", `threads/${encodeURIComponent(threadId)}/messages/`, { ...options, body: message });
  }

  /** A run's events above a number, those that were and those that come. */
  runEvents(runId: string, after: number, { signal }: StreamOptions) {
    const headers = { "Last-Event-ID": String(after) };
    return this.stream("GET", `runs/${encodeURIComponent(runId)}/events/`, { headers, signal });
  }

  /** Another answer to the same question, as events. */
  regenerate(runId: string, options: StreamOptions) {
    return this.stream("POST", `runs/${encodeURIComponent(runId)}/regenerate/`, options);
  }

  /** Decide on the tool calls that a run waits with; the events from there on. */
  decide(runId: string, decisions: Decision[], options: StreamOptions) {
    return this.stream("POST", `runs/${encodeURIComponent(runId)}/approvals/`, { ...options, body: { decisions } });
  }

  cancelRun(runId: string): Promise<Run> {
    return this.json("POST", `runs/${encodeURIComponent(runId)}/cancel/`);
  }

  /** @returns every answer to its question, with their messages */
  variants(runId: string): Promise<Run[]> {
    return this.json("GET", `runs/${encodeURIComponent(runId)}/variants/`);
  }

  /** @param runId whose answer the thread is to show */
  showVariant(runId: string): Promise<unknown> {
    return this.json("POST", `runs/${encodeURIComponent(runId)}/show/`);
  }

  /** @param feedback null takes it back */
  giveFeedback(threadId: string, message: Message, feedback: Feedback | null) {
    const path = `threads/${encodeURIComponent(threadId)}/messages/${encodeURIComponent(message.id)}/feedback/`;
    return feedback ? this.json("PUT", path, feedback) : this.json("DELETE", path);
  }

  /** The events of one response. It may break off at any point: `followRun` goes on with another. */
  async *stream(
    method: string,
    path: string,
    { body, headers = {}, key, signal }: Request & StreamOptions,
  ): AsyncGenerator<StreamEvent, void, void> {
    const own = { Accept: "text/event-stream", ...headers, ...(key ? { "Idempotency-Key": key } : {}) };
    yield* readEvents(await this.request(method, path, { body, headers: own, signal }));
  }

  async json(method: string, path: string, body?: unknown): Promise<any> {
    const response = await this.request(method, path, { body });
    if (response.status === 204) return undefined;
    const text = await response.text().catch(() => {
      throw new Problem({ status: 0, code: "network" });
    });
    try {
      return text ? JSON.parse(text) : undefined;
    } catch {
      throw new Problem({ status: 502 }); // a proxy's page where an answer should be
    }
  }

  /** Ask; after a 401 ask once more with a new proof, where there can be one. */
  async request(method: string, path: string, request: Request): Promise<Response> {
    let response = await this.fetch(method, path, request);
    if (response.status === 401 && (await this.renewed())) response = await this.fetch(method, path, request);
    if (!response.ok) throw await problemOf(response);
    return response;
  }

  /** Several requests that are refused at the same time share one renewal. */
  async renewed(): Promise<boolean> {
    if (!this.access.renew) return false;
    this.renewing ??= this.access.renew().finally(() => (this.renewing = null));
    return this.renewing;
  }

  async fetch(method: string, path: string, { body, headers: more, signal }: Request): Promise<Response> {
    const { base, proof, credentials = "same-origin" } = this.access;
    const headers: Record<string, string> = { Accept: "application/json", ...(await proof()), ...more };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const content = body === undefined ? undefined : JSON.stringify(body);
    try {
      return await fetch(`${base}/${path}`, { method, headers, body: content, credentials, signal });
    } catch {
      throw new Problem({ status: 0, code: "network" });
    }
  }
}

/** A key for one request that begins something. `crypto.randomUUID` is missing on plain HTTP. */
export function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The value of a cookie, or "". */
export function cookie(name: string, cookies: string = document.cookie) {
  for (const pair of cookies.split("; ")) {
    const equals = pair.indexOf("=");
    if (pair.slice(0, equals) === name) return decodeURIComponent(pair.slice(equals + 1));
  }
  return "";
}
