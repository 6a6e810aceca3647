/**
 * @typedef {import("./types.js").Assistant} Assistant
 * @typedef {import("./strings.js").Strings} Strings
 */

import { make } from "./dom.js";

/** Which assistant a new conversation is with. Where there is one only, there is nothing to pick. */
export class AssistantPicker {
  /** @param {Strings} strings @param {() => void} picked */
  constructor(strings, picked) {
    /** @type {Assistant[]} */
    this.assistants = [];
    this.select = make("select", {
      class: "chat-picker",
      "aria-label": strings.assistant,
      "data-testid": "assistant-picker",
      on: { change: () => picked() },
    });
    this.name = make("span", { class: "chat-picker-name", "data-testid": "assistant-name" });
    this.element = make("div", { class: "chat-picker-box" }, this.select, this.name);
  }

  /** @param {Assistant[]} assistants */
  show(assistants) {
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
   * @param {string|null} assistantId of the conversation on screen; null for a new one, where it can be
   *   picked
   */
  settle(assistantId) {
    const canPick = assistantId === null && this.assistants.length > 1;
    const shown = this.assistants.find(({ id }) => id === (assistantId ?? this.value));
    this.select.hidden = !canPick;
    this.name.hidden = canPick || !shown;
    this.name.textContent = shown?.name ?? "";
  }
}
