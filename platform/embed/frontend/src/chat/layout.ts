import { make } from "./dom";
import { t } from "./strings";

/** The parts of the frame that others fill or change. */
export interface Stage {
  element: HTMLElement;
  title: HTMLElement;
  content: HTMLElement;
  scroller: HTMLElement;
  dock: HTMLElement;
}

/** The frame around a conversation: a bar with its name, the place that scrolls, the composer. */
export function stageView({ picker, composer, menu }: Record<"picker" | "composer" | "menu", HTMLElement>): Stage {
  const title = make("h1", { class: "chat-title", dir: "auto", "data-testid": "thread-title" });
  const content = make("div", { class: "chat-content" });
  const scroller = make("div", { class: "chat-scroller", tabIndex: -1 }, content);
  const dock = make(
    "div",
    { class: "chat-dock" },
    composer,
    make("p", { class: "chat-fine-print" }, t("hint")),
  );
  const bar = make("header", { class: "chat-bar" }, menu, title, picker);
  const element = make("main", { class: "chat-stage" }, bar, scroller, dock);
  return { element, title, content, scroller, dock };
}
