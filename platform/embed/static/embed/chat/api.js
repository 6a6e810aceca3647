/**
 * @typedef {import("./types.js").Assistant} Assistant
 * @typedef {import("./types.js").Message} Message
 * @typedef {import("./types.js").Passage} Passage
 * @typedef {import("./types.js").StreamEvent} StreamEvent
 * @typedef {import("./types.js").Thread} Thread
 */

import { readEvents } from "./event-stream.js";
import { Problem, problemOf } from "./problem.js";

/**
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

  /**
   * Send a message and follow the run that answers it. The iterator ends after `run.done` or `error`.
   * @param {string} threadId
   * @param {{ assistant_id: string, content: string }} message
   * @returns {AsyncGenerator<StreamEvent, void, void>}
   */
  async *send(threadId, message) {
    const path = `threads/${encodeURIComponent(threadId)}/messages/`;
    const response = await this.request("POST", path, message, "text/event-stream");
    yield* readEvents(response);
  }

  /** @param {string} method @param {string} path @param {unknown} [body] @returns {Promise<any>} */
  async json(method, path, body) {
    const response = await this.request(method, path, body, "application/json");
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
   * @param {unknown} body
   * @param {string} accept
   * @returns {Promise<Response>}
   */
  async request(method, path, body, accept) {
    /** @type {Record<string, string>} */
    const headers = { Accept: accept, ...(method === "GET" ? {} : this.proof()) };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const content = body === undefined ? undefined : JSON.stringify(body);
    let response;
    try {
      response = await fetch(`${this.base}/${path}`, {
        method,
        headers,
        body: content,
        credentials: "same-origin",
      });
    } catch {
      throw new Problem({ status: 0, code: "network" });
    }
    if (!response.ok) throw await problemOf(response);
    return response;
  }
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
