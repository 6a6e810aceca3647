import type { messages as english } from "../locales/en";

export type Key = keyof typeof english;

/** A text, or one for each plural category of the language. */
export type Text = string | ({ readonly other: string } & { readonly [category in Intl.LDMLPluralRule]?: string });

export type Messages = Readonly<Record<Key, Text>>;

/**
 * The server's refusals and failures that a reader may meet. In English its own words are shown: they know more, for
 * instance until when. The other languages have a sentence for each, and show the server's for a code that is not here;
 * how long to wait is said after it (`again`).
 */
type Code =
  | "approval_expired"
  | "assistant_not_allowed"
  | "assistant_not_found"
  | "budget_exhausted"
  | "credential_unreadable"
  | "empty_answer"
  | "identity_needed"
  | "identity_replayed"
  | "interrupted"
  | "invalid_arguments"
  | "model_broke"
  | "model_busy"
  | "model_failed"
  | "model_key_refused"
  | "model_refused_request"
  | "model_reply_cut"
  | "model_reply_garbled"
  | "model_timeout"
  | "model_unknown"
  | "not_allowed"
  | "not_the_last_answer"
  | "offline_model_cannot"
  | "proposal_deleted"
  | "question_deleted"
  | "rate_limited"
  | "rule_limit_runs"
  | "rule_limit_tokens"
  | "run_active"
  | "run_not_waiting"
  | "run_waiting"
  | "site_limit"
  | "site_refused"
  | "tenant_suspended"
  | "thread_not_found"
  | "too_many_answers"
  | "too_many_requests"
  | "tool_rounds_exceeded"
  | "wrong_identity";

/** A language: a file in ../locales exports one as `messages`. A key that is missing there is a type error. */
export type Translation = Messages & Readonly<Record<`code.${Code}`, string>>;

/** What a language says in a tenant's page: exported as `launcher`. */
export interface LauncherWords {
  /** what a button and a frame without a name are called */
  chat: string;
  /** in the place of a chat that the browser does not show here */
  refused: string;
}

/** What a language says where its other words are not, or not yet: exported as `page`, and written by the server. */
export interface PageWords {
  noScript: string;
  /** the words did not come */
  notLoaded: string;
  noChat: string;
  noChatWhy: string;
}

/** What is written in the other direction, or turns the direction of what follows it. */
const OTHER_DIRECTION = /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc]/;

/** The digits are those of the markers in the answers. */
const DIGITS = { numberingSystem: "latn" } as const;

let messages: Messages;
let plurals: Intl.PluralRules;
let numbers: Intl.NumberFormat;
let times: Intl.RelativeTimeFormat;
let rightToLeft = false;

/** Speak a language from now on. @param locale a BCP 47 tag, for numbers and plurals */
export function useMessages(locale: string, language: Messages, isRightToLeft = false): void {
  messages = language;
  plurals = new Intl.PluralRules(locale);
  numbers = new Intl.NumberFormat(locale, DIGITS);
  times = new Intl.RelativeTimeFormat(`${locale}-u-nu-latn`);
  rightToLeft = isRightToLeft;
}

/** The text for a key, its `{parameters}` filled in. `count` chooses among plural forms. Throws before `useMessages`. */
export function t(key: Key, parameters: Readonly<Record<string, string | number>> = {}): string {
  const text = messages[key];
  const form = typeof text === "string" ? text : (text[plurals.select(Number(parameters.count))] ?? text.other);
  return form.replace(/\{(\w+)\}/g, (all, name: string) => {
    const value = parameters[name];
    if (value === undefined) return all;
    return typeof value === "number" ? numbers.format(value) : isolated(value);
  });
}

/** What the chosen language says for a code of the server; "" where it says nothing, as English always does. */
export function wordsFor(code: string): string {
  const name = `code.${code}`;
  return Object.hasOwn(messages, name) ? (messages as unknown as Record<string, string>)[name] : "";
}

/** "in 7 seconds", "in 5 hours", rounded up. */
export function inTime(seconds: number): string {
  const [size, unit] = seconds < 90 ? ([1, "second"] as const) : seconds < 5400 ? ([60, "minute"] as const) : ([3600, "hour"] as const);
  return times.format(Math.ceil(seconds / size), unit);
}

/** A name between the words of a sentence: it does not change their direction (Unicode's isolates). */
function isolated(value: string) {
  return rightToLeft || OTHER_DIRECTION.test(value) ? `\u2068${value}\u2069` : value;
}
