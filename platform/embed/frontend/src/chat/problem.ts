import { inTime, t, wordsFor } from "./strings";

/** A call that failed: a problem+json document (RFC 9457), or what stands for one when there is none. */
export class Problem extends Error {
  override name = "Problem";
  status: number;
  code: string;
  detail: string;
  retryAfter: number;

  constructor({ status, code = "", detail = "", retryAfter = 0 }: {
    /** HTTP status; 0 when no answer came */
    status: number;
    /** stable code, such as "not_found" */
    code?: string;
    /** a sentence for people */
    detail?: string;
    /** seconds that the server asks to wait */
    retryAfter?: number;
  }) {
    super(detail || code || `HTTP ${status}`);
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.retryAfter = retryAfter;
  }
}

/** Read a refusal. A body that is no problem document (a proxy's error page) gives a Problem without code. */
export async function problemOf(response: Response): Promise<Problem> {
  const { status } = response;
  const retryAfter = Number(response.headers.get("Retry-After")) || 0; // a date counts as nothing said
  try {
    const body = await response.json();
    const fields = Array.isArray(body.errors)
      ? body.errors.map((error: any) => error.message)
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

function text(value: unknown) {
  return typeof value === "string" ? value : "";
}

/** In the reader's language, with how long to wait; the server's own sentence where there is none, which says it. */
function wordsOf({ code, detail, retryAfter }: Problem): string {
  const words = wordsFor(code);
  return words && retryAfter ? `${words} ${t("again", { when: inTime(retryAfter) })}` : words || detail;
}

/** Whether the reader has done nothing wrong and can only wait: a limit, a service that is down, a run that failed. */
export function isHelpless(error: unknown): boolean {
  if (!(error instanceof Problem)) return true;
  return [403, 429].includes(error.status) || error.status >= 500 || error.code === "run_failed";
}

export type Remedy = "retry" | "edit" | "sign-in" | "reload" | "none";

/** What to tell the reader, and what helps: send the same again, change the text first, sign in, or reload. */
export function explain(error: unknown): { text: string; remedy: Remedy } {
  if (!(error instanceof Problem)) return { text: t("error.internal"), remedy: "retry" };
  const { status, code } = error;
  const detail = wordsOf(error);
  if (code === "connection_lost") return { text: t("error.connection_lost"), remedy: "retry" };
  if (code === "stopped") return { text: t("error.stopped"), remedy: "retry" };
  if (code === "run_failed") return { text: detail || t("error.run_failed"), remedy: "retry" };
  if (status === 0) return { text: t("error.network"), remedy: "retry" };
  if (status === 401) return { text: t("error.signed_out"), remedy: "sign-in" };
  if (status === 403 && (!code || code.startsWith("csrf")))
    return { text: t("error.stale_page"), remedy: "reload" };
  if (status === 403) return { text: detail || t("error.not_allowed"), remedy: "none" };
  if (status === 404) return { text: detail || t("error.not_found"), remedy: "none" };
  if (status === 409) return { text: detail || t("error.conflict"), remedy: "retry" };
  if (status === 413) return { text: t("error.too_large"), remedy: "edit" };
  if (status === 429) return { text: detail || t("error.too_many"), remedy: "retry" };
  if (status >= 400 && status < 500) return { text: detail || t("error.invalid"), remedy: "edit" };
  if (status >= 502 && status <= 504) return { text: t("error.unavailable"), remedy: "retry" };
  return { text: t("error.internal"), remedy: "retry" };
}
