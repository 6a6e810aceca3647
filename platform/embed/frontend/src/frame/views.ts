import { make } from "../chat/dom";
import { icon } from "../chat/icons";
import { t } from "../chat/strings";

/** Closes the panel that the frame stands in. */
export function closeButton(close: () => void): HTMLElement {
  const label = t("frame.close");
  const properties = { type: "button", class: "chat-icon-button", title: label, "aria-label": label };
  return make("button", { ...properties, "data-testid": "close-chat", on: { click: close } }, icon("close"));
}

export interface View {
  /** what stands above */
  title: string;
  text: string;
  testId: string;
  /** what there is to press; the first is what most will want */
  buttons?: { label: string; testId: string; press: () => void }[];
  /** closes the panel, where it is in one */
  close: (() => void) | null;
}

/** What stands in the place of the chat: a text, and what can be done. */
export function view({ title, text, testId, buttons = [], close }: View): HTMLElement {
  const bar = make(
    "header",
    { class: "chat-bar" },
    make("h1", { class: "chat-title", dir: "auto" }, title),
    close && closeButton(close),
  );
  const pressed = buttons.map(({ label, testId: id, press }) =>
    make("button", { type: "button", class: "chat-button", "data-testid": id, on: { click: press } }, label),
  );
  const said = make(
    "div",
    { class: "frame-said", "data-testid": testId },
    make("p", { dir: "auto" }, text),
    pressed.length > 0 && make("div", { class: "frame-buttons" }, ...pressed),
  );
  return make("main", { class: "frame-view" }, bar, said);
}
