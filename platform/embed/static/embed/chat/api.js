/**
 * @typedef {import("./types.js").Assistant} Assistant
 * @typedef {import("./types.js").Decision} Decision
 * @typedef {import("./types.js").Feedback} Feedback
 * @typedef {import("./types.js").Message} Message
 * @typedef {import("./types.js").Passage} Passage
 * @typedef {import("./types.js").Run} Run
 * @typedef {import("./types.js").StreamEvent} StreamEvent
 * @typedef {import("./types.js").Thread} Thread
 */

import { readEvents } from "./event-stream.js";
import { Problem, problemOf } from "./problem.js";

/**
 * @typedef {object} StreamOptions
 * @property {AbortSignal} [signal]  lets go of the connection; the run goes on
 * @property {string} [key]          the Idempotency-Key: the same request sent again joins what the first began
 *
 * The chat's calls to the API. Every method raises a `Problem` when the call is refused or nothing answers.
 */
export class ApiClient {
  /**
   * @param {object} options
   * @param {string} options.base                        path or address of the API, without the last slash
   * @param {() => Record<string, string>} options.proof headers that unsafe requests carry: the CSRF token of
   *   a session today, the visitor's token of an embedded chat later. Asked anew for each request.
   */
  constructor({ base, proof }) {
    this.base = base;
    this.proof = proof;
  }

  /** @returns {Promise<Assistant[]>} */
  assistants() {
    return this.json("GET", "assistants/");
  }

  /** @returns {Promise<Thread[]>} newest first */
  threads() {
    return this.json("GET", "threads/");
  }

  /** @param {{ name: string, assistant_id: string }} thread @returns {Promise<Thread>} */
  createThread(thread) {
    return this.json("POST", "threads/", thread);
  }

  /** @param {string} id @param {string} name @returns {Promise<Thread>} */
  renameThread(id, name) {
    return this.json("PATCH", `threads/${encodeURIComponent(id)}/`, { name });
  }

  /** @param {string} id @returns {Promise<void>} */
  deleteThread(id) {
    return this.json("DELETE", `threads/${encodeURIComponent(id)}/`);
  }

  /** @param {string} threadId @returns {Promise<Message[]>} the newest 500, oldest first */
  async messages(threadId) {
    const newestFirst = await this.json(
      "GET",
      `threads/${encodeURIComponent(threadId)}/messages/?order=desc&limit=500`,
    );
    return newestFirst.reverse();
  }

  /** @param {string|number} chunkId @returns {Promise<Passage>} */
  passage(chunkId) {
    return this.json("GET", `passages/${encodeURIComponent(chunkId)}/`);
  }

  /** @param {string} threadId @returns {Promise<Run|null>} the thread's newest run */
  async latestRun(threadId) {
    const runs = await this.json("GET", `threads/${encodeURIComponent(threadId)}/runs/?limit=1`);
    return runs[0] ?? null;
  }

  /**
   * Send a message; the answer's events as they come.
   * @param {string} threadId
   * @param {{ assistant_id: string, content: string }} message
   * @param {StreamOptions} options
   */
  send(threadId, message, options) {
    return this.stream("POST", `threads/${encodeURIComponent(threadId)}/messages/`, { ...options, body: message });
  }

  /**
   * A run's events above a number, those that were and those that come.
   * @param {string} runId @param {number} after @param {StreamOptions} options
   */
  runEvents(runId, after, { signal }) {
    const headers = { "Last-Event-ID": String(after) };
    return this.stream("GET", `runs/${encodeURIComponent(runId)}/events/`, { headers, signal });
  }

  /**
   * Another answer to the same question, as events.
   * @param {string} runId @param {StreamOptions} options
   */
  regenerate(runId, options) {
    return this.stream("POST", `runs/${encodeURIComponent(runId)}/regenerate/`, options);
  }

  /**
   * Decide on the tool calls that a run waits with; the events from there on.
   * @param {string} runId @param {Decision[]} decisions @param {StreamOptions} options
   */
  decide(runId, decisions, options) {
    return this.stream("POST", `runs/${encodeURIComponent(runId)}/approvals/`, { ...options, body: { decisions } });
  }

  /** @param {string} runId @returns {Promise<Run>} */
  cancelRun(runId) {
    return this.json("POST", `runs/${encodeURIComponent(runId)}/cancel/`);
  }

  /** @param {string} runId @returns {Promise<Run[]>} every answer to its question, with their messages */
  variants(runId) {
    return this.json("GET", `runs/${encodeURIComponent(runId)}/variants/`);
  }

  /** @param {string} runId whose answer the thread is to show @returns {Promise<unknown>} */
  showVariant(runId) {
    return this.json("POST", `runs/${encodeURIComponent(runId)}/show/`);
  }

  /** @param {Message} message @param {string} threadId @param {Feedback|null} feedback null takes it back */
  giveFeedback(threadId, message, feedback) {
    const path = `threads/${encodeURIComponent(threadId)}/messages/${encodeURIComponent(message.id)}/feedback/`;
    return feedback ? this.json("PUT", path, feedback) : this.json("DELETE", path);
  }

  /**
   * The events of one response. It may break off at any point: `followRun` goes on with another.
   * @param {string} method
   * @param {string} path
   * @param {StreamOptions & { body?: unknown, headers?: Record<string, string> }} options
   * @returns {AsyncGenerator<StreamEvent, void, void>}
   */
  async *stream(method, path, { body, headers = {}, key, signal }) {
    const own = { Accept: "text/event-stream", ...headers, ...(key ? { "Idempotency-Key": key } : {}) };
    yield* readEvents(await this.request(method, path, { body, headers: own, signal }));
  }

  /** @param {string} method @param {string} path @param {unknown} [body] @returns {Promise<any>} */
  async json(method, path, body) {
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

  /**
   * @param {string} method
   * @param {string} path
   * @param {{ body?: unknown, headers?: Record<string, string>, signal?: AbortSignal }} options
   * @returns {Promise<Response>}
   */
  async request(method, path, { body, headers: more, signal }) {
    /** @type {Record<string, string>} */
    const headers = { Accept: "application/json", ...(method === "GET" ? {} : this.proof()), ...more };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const content = body === undefined ? undefined : JSON.stringify(body);
    let response;
    try {
      response = await fetch(`${this.base}/${path}`, {
        method,
        headers,
        body: content,
        credentials: "same-origin",
        signal,
      });
    } catch {
      throw new Problem({ status: 0, code: "network" });
    }
    if (!response.ok) throw await problemOf(response);
    return response;
  }
}

/** A key for one request that begins something. `crypto.randomUUID` is missing on plain HTTP. */
export function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The value of a cookie, or "".
 * @param {string} name
 * @param {string} [cookies]
 */
export function cookie(name, cookies = document.cookie) {
  for (const pair of cookies.split("; ")) {
    const equals = pair.indexOf("=");
    if (pair.slice(0, equals) === name) return decodeURIComponent(pair.slice(equals + 1));
  }
  return "";
}
