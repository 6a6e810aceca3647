import { isTouchScreen, make, unseen } from "./dom";
import { icon } from "./icons";
import { t } from "./strings";

/** Where a message is written. Enter sends, Shift and Enter begins a new line. */
export class Composer {
  send: (text: string) => void;
  busy = false;
  closed = false;
  isHeld = false;
  /** sent while it was held */
  isWanted = false;
  field: HTMLTextAreaElement;
  button: HTMLButtonElement;
  stop: HTMLButtonElement;
  element: HTMLFormElement;

  constructor(send: (text: string) => void, stop: () => void) {
    this.send = send;
    this.field = make("textarea", {
      class: "chat-composer-field",
      id: "chat-composer-field",
      rows: 1,
      dir: "auto",
      placeholder: t("composerPlaceholder"),
      enterkeyhint: "send",
      "data-testid": "composer",
      on: {
        input: () => this.changed(),
        keydown: (event: KeyboardEvent) => this.keyPressed(event),
      },
    });
    this.button = make(
      "button",
      {
        type: "submit",
        class: "chat-composer-send",
        title: t("send"),
        disabled: true,
        "data-testid": "send",
      },
      unseen(t("send")),
      icon("send"),
    );
    this.stop = make(
      "button",
      {
        type: "button",
        class: "chat-composer-send",
        title: t("stop"),
        hidden: true,
        "data-testid": "stop",
        on: { click: stop },
      },
      unseen(t("stop")),
      icon("stop"),
    );
    this.element = make(
      "form",
      {
        class: "chat-composer",
        on: {
          submit: (event: Event) => {
            event.preventDefault();
            this.submit();
          },
        },
      },
      make("label", { class: "chat-unseen", for: "chat-composer-field" }, t("composerLabel")),
      this.field,
      this.button,
      this.stop,
    );
  }

  /**
   * @param busy while an answer is on its way, the next message can be written but not sent
   * @param isHeld the conversation is being loaded: what is sent goes when that is done
   */
  setBusy(busy: boolean, isHeld: boolean = false) {
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

  /** @param closed nobody here could answer */
  setClosed(closed: boolean) {
    this.closed = closed;
    this.field.disabled = closed;
    this.changed();
  }

  /** @param text put back for the writer to change; what was begun meanwhile is kept below it */
  restore(text: string) {
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

  keyPressed(event: KeyboardEvent) {
    // Safari ends a composition before the key that confirmed it comes: then only the old code tells.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.submit();
  }
}
