/** @typedef {import("./strings.js").Strings} Strings */

import { isTouchScreen, make, unseen } from "./dom.js";
import { icon } from "./icons.js";

/** Where a message is written. Enter sends, Shift and Enter begins a new line. */
export class Composer {
  /** @param {(text: string) => void} send @param {() => void} stop @param {Strings} strings */
  constructor(send, stop, strings) {
    this.send = send;
    this.busy = false;
    this.closed = false;
    this.isHeld = false;
    this.isWanted = false; // sent while it was held
    this.field = make("textarea", {
      class: "chat-composer-field",
      id: "chat-composer-field",
      rows: 1,
      dir: "auto",
      placeholder: strings.composerPlaceholder,
      enterkeyhint: "send",
      "data-testid": "composer",
      on: {
        input: () => this.changed(),
        keydown: (/** @type {KeyboardEvent} */ event) => this.keyPressed(event),
      },
    });
    this.button = make(
      "button",
      {
        type: "submit",
        class: "chat-composer-send",
        title: strings.send,
        disabled: true,
        "data-testid": "send",
      },
      unseen(strings.send),
      icon("send"),
    );
    this.stop = make(
      "button",
      {
        type: "button",
        class: "chat-composer-send",
        title: strings.stop,
        hidden: true,
        "data-testid": "stop",
        on: { click: stop },
      },
      unseen(strings.stop),
      icon("stop"),
    );
    this.element = make(
      "form",
      {
        class: "chat-composer",
        on: {
          submit: (/** @type {Event} */ event) => {
            event.preventDefault();
            this.submit();
          },
        },
      },
      make("label", { class: "chat-unseen", for: "chat-composer-field" }, strings.composerLabel),
      this.field,
      this.button,
      this.stop,
    );
  }

  /**
   * @param {boolean} busy while an answer is on its way, the next message can be written but not sent
   * @param {boolean} [isHeld] the conversation is being loaded: what is sent goes when that is done
   */
  setBusy(busy, isHeld = false) {
    this.busy = busy;
    this.isHeld = isHeld;
    const [shown, other] = busy ? [this.stop, this.button] : [this.button, this.stop];
    const hadFocus = document.activeElement === other;
    shown.hidden = false;
    other.hidden = true;
    this.changed();
    if (this.isWanted && !isHeld) this.submit();
    if (hadFocus && !isTouchScreen()) (shown.disabled ? this.field : shown).focus({ preventScroll: true });
  }

  /** @param {boolean} closed nobody here could answer */
  setClosed(closed) {
    this.closed = closed;
    this.field.disabled = closed;
    this.changed();
  }

  /** @param {string} text put back for the writer to change; what was begun meanwhile is kept below it */
  restore(text) {
    this.field.value = [text, this.field.value].filter(Boolean).join("\n\n");
    this.changed();
    this.focus();
  }

  focus() {
    this.field.focus({ preventScroll: true });
  }

  submit() {
    const text = this.field.value.trim();
    this.isWanted = this.isHeld;
    if (!text || this.isHeld || this.busy || this.closed) return;
    this.field.value = "";
    this.changed();
    this.send(text);
  }

  /** The field is as high as its text, up to the limit in the style sheet. */
  changed() {
    this.field.style.height = "auto";
    this.field.style.height = `${this.field.scrollHeight}px`;
    this.button.disabled = this.busy || this.closed || !this.field.value.trim();
  }

  /** @param {KeyboardEvent} event */
  keyPressed(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.submit();
  }
}
