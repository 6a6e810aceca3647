/** @typedef {import("./strings.js").Strings} Strings */

import { make } from "./dom.js";
import { iconButton } from "./thread-item.js";

/**
 * The frame around a conversation: a bar with its name, the place that scrolls, the composer.
 * @param {object} parts
 * @param {HTMLElement} parts.picker
 * @param {HTMLElement} parts.composer
 * @param {() => void} parts.openThreads
 * @param {Strings} strings
 */
export function stageView({ picker, composer, openThreads }, strings) {
  const menu = iconButton("menu", strings.openConversations, "open-threads", openThreads);
  menu.classList.add("chat-menu-button");
  const title = make("h1", { class: "chat-title", dir: "auto", "data-testid": "thread-title" });
  const content = make("div", { class: "chat-content" });
  const scroller = make("div", { class: "chat-scroller", tabIndex: -1 }, content);
  const dock = make(
    "div",
    { class: "chat-dock" },
    composer,
    make("p", { class: "chat-fine-print" }, strings.hint),
  );
  const bar = make("header", { class: "chat-bar" }, menu, title, picker);
  const element = make("main", { class: "chat-stage" }, bar, scroller, dock);
  return { element, menu, title, content, scroller, dock };
}
