import { make } from "./dom";
import { t } from "./strings";
import type { Assistant } from "./types";

/** Which assistant a new conversation is with. Where there is one only, there is nothing to pick. */
export class AssistantPicker {
  assistants: Assistant[] = [];
  select: HTMLSelectElement;
  name: HTMLSpanElement;
  element: HTMLDivElement;

  constructor(picked: () => void) {
    this.select = make("select", {
      class: "chat-picker",
      "aria-label": t("assistant"),
      "data-testid": "assistant-picker",
      on: { change: () => picked() },
    });
    this.name = make("span", { class: "chat-picker-name", "data-testid": "assistant-name" });
    this.element = make("div", { class: "chat-picker-box" }, this.select, this.name);
  }

  show(assistants: Assistant[]) {
    this.assistants = assistants;
    this.select.replaceChildren(...assistants.map(({ id, name }) => make("option", { value: id }, name)));
    this.settle(null);
  }

  /** The id of the assistant for a new conversation, or "" when there is none. */
  get value() {
    return this.select.value;
  }

  /** The same with all that is known of it; undefined when there is none. */
  get chosen() {
    return this.assistants.find(({ id }) => id === this.value);
  }

  /**
   * @param assistantId of the conversation on screen; null for a new one, where it can be
   * picked
   */
  settle(assistantId: string | null) {
    const canPick = assistantId === null && this.assistants.length > 1;
    const shown = this.assistants.find(({ id }) => id === (assistantId ?? this.value));
    this.select.hidden = !canPick;
    this.name.hidden = canPick || !shown;
    this.name.textContent = shown?.name ?? "";
  }
}
