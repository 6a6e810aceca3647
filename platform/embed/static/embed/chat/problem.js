/** @typedef {import("./strings.js").Strings} Strings */

/** A call that failed: a problem+json document (RFC 9457), or what stands for one when there is none. */
export class Problem extends Error {
  /**
   * @param {object} facts
   * @param {number} facts.status   HTTP status; 0 when no answer came
   * @param {string} [facts.code]   stable code, such as "not_found"
   * @param {string} [facts.detail] a sentence for people
   * @param {number} [facts.retryAfter] seconds that the server asks to wait
   */
  constructor({ status, code = "", detail = "", retryAfter = 0 }) {
    super(detail || code || `HTTP ${status}`);
    this.name = "Problem";
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.retryAfter = retryAfter;
  }
}

/**
 * Read a refusal. A body that is no problem document (a proxy's error page) gives a Problem without code.
 * @param {Response} response
 * @returns {Promise<Problem>}
 */
export async function problemOf(response) {
  const { status } = response;
  const retryAfter = Number(response.headers.get("Retry-After")) || 0; // a date counts as nothing said
  try {
    const body = await response.json();
    const fields = Array.isArray(body.errors)
      ? body.errors.map((/** @type {any} */ error) => error.message)
      : [];
    return new Problem({
      status,
      code: text(body.code),
      detail: text(body.detail) || fields.map(text).join(" "),
      retryAfter,
    });
  } catch {
    return new Problem({ status, retryAfter });
  }
}

/** @param {unknown} value */
function text(value) {
  return typeof value === "string" ? value : "";
}

/**
 * What to tell the reader, and what helps: send the same again, change the text first, sign in, or reload.
 * @param {unknown} error
 * @param {Strings} strings
 * @returns {{ text: string, remedy: "retry"|"edit"|"sign-in"|"reload"|"none" }}
 */
export function explain(error, strings) {
  const words = strings.errors;
  if (!(error instanceof Problem)) return { text: words.internal, remedy: "retry" };
  const { status, code, detail } = error;
  if (code === "connection_lost") return { text: words.connection_lost, remedy: "retry" };
  if (code === "stopped") return { text: words.stopped, remedy: "retry" };
  if (code === "run_failed") return { text: detail || words.run_failed, remedy: "retry" };
  if (status === 0) return { text: words.network, remedy: "retry" };
  if (status === 401) return { text: words.signed_out, remedy: "sign-in" };
  if (status === 403 && (!code || code.startsWith("csrf")))
    return { text: words.stale_page, remedy: "reload" };
  if (status === 403) return { text: detail || words.not_allowed, remedy: "none" };
  if (status === 404) return { text: detail || words.not_found, remedy: "none" };
  if (status === 409) return { text: detail || words.conflict, remedy: "retry" };
  if (status === 413) return { text: words.too_large, remedy: "edit" };
  if (status === 429) return { text: detail || words.too_many, remedy: "retry" };
  if (status >= 400 && status < 500) return { text: detail || words.invalid, remedy: "edit" };
  if (status >= 502 && status <= 504) return { text: words.unavailable, remedy: "retry" };
  return { text: words.internal, remedy: "retry" };
}
