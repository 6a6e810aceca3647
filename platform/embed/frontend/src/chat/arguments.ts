import { make } from "./dom";
import { t } from "./strings";

const ONE_LINE = 60; // characters of JSON that are not broken into lines

/** The arguments of a tool call, one line each; what is no text is shown as JSON. Model output: text only. */
export function argumentsView(args: Record<string, any> | null | undefined) {
  const lines = Object.entries(args ?? {});
  if (!lines.length) return make("p", { class: "chat-arguments-none" }, t("noArguments"));
  const list = make("dl", { class: "chat-arguments", "data-testid": "arguments" });
  for (const [name, value] of lines) {
    list.append(make("dt", { dir: "auto" }, name), make("dd", { dir: "auto" }, textOf(value)));
  }
  return list;
}

export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  const line = JSON.stringify(value) ?? "";
  return line.length > ONE_LINE ? JSON.stringify(value, null, 2) : line;
}

/** "search_documents" as it is read: "Search documents". */
export function readableName(name: string) {
  const words = name.replace(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
