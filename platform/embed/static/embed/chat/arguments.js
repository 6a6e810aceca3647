/** @typedef {import("./strings.js").Strings} Strings */

import { make } from "./dom.js";

const ONE_LINE = 60; // characters of JSON that are not broken into lines

/**
 * The arguments of a tool call, one line each; what is no text is shown as JSON. Model output: text only.
 * @param {Record<string, any>|null|undefined} args
 * @param {Strings} strings
 */
export function argumentsView(args, strings) {
  const lines = Object.entries(args ?? {});
  if (!lines.length) return make("p", { class: "chat-arguments-none" }, strings.noArguments);
  const list = make("dl", { class: "chat-arguments", "data-testid": "arguments" });
  for (const [name, value] of lines) {
    list.append(make("dt", { dir: "auto" }, name), make("dd", { dir: "auto" }, textOf(value)));
  }
  return list;
}

/** @param {unknown} value @returns {string} */
export function textOf(value) {
  if (typeof value === "string") return value;
  const line = JSON.stringify(value) ?? "";
  return line.length > ONE_LINE ? JSON.stringify(value, null, 2) : line;
}

/** "search_documents" as it is read: "Search documents". @param {string} name */
export function readableName(name) {
  const words = name.replace(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
