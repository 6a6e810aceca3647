/**
 * @typedef {import("./types.js").Feedback} Feedback
 * @typedef {import("./strings.js").Strings} Strings
 */

import { make } from "./dom.js";
import { explain } from "./problem.js";
import { iconButton } from "./thread-item.js";

/** Two thumbs; the one that points down asks what was wrong. Pressing one again takes it back. */
export class FeedbackControl {
  /**
   * @param {Feedback|null|undefined} given
   * @param {(feedback: Feedback|null) => Promise<unknown>} save
   * @param {Strings} strings
   */
  constructor(given, save, strings) {
    this.given = given ?? null;
    this.save = save;
    this.strings = strings;
    this.up = this.thumb("up", strings.good);
    this.down = this.thumb("down", strings.bad);
    this.buttons = [this.up, this.down];
    this.more = make("div", { class: "chat-feedback" }); // below the row of buttons
    this.mark();
  }

  /** @param {"up"|"down"} thumb @param {string} label */
  thumb(thumb, label) {
    const button = iconButton("thumb", label, `thumb-${thumb}`, () => void this.press(thumb));
    button.classList.add(`chat-thumb-${thumb}`);
    return button;
  }

  /** @param {"up"|"down"} thumb */
  async press(thumb) {
    const isBack = this.given?.thumb === thumb;
    if (!(await this.put(isBack ? null : { thumb, text: "" }))) return;
    if (this.given?.thumb === "down") this.askWhy();
    else this.more.replaceChildren();
  }

  /** @param {Feedback|null} feedback @returns {Promise<boolean>} whether it is stored */
  async put(feedback) {
    const before = this.given;
    this.given = feedback;
    this.mark();
    try {
      await this.save(feedback);
      return true;
    } catch (error) {
      this.given = before;
      this.mark();
      this.say(explain(error, this.strings).text, "alert");
      return false;
    }
  }

  askWhy() {
    const { strings } = this;
    const field = make("textarea", { rows: 2, dir: "auto", maxLength: 2000, "data-testid": "feedback-text" });
    const send = async () => {
      const text = field.value.trim();
      if (!text) return this.put(this.given).then(() => this.fold());
      if (await this.put({ thumb: "down", text })) {
        this.fold();
        this.say(strings.thanks, "status");
      }
    };
    const properties = { type: "submit", class: "chat-button", "data-testid": "feedback-send" };
    const form = make(
      "form",
      {
        on: {
          submit: (/** @type {Event} */ event) => {
            event.preventDefault();
            void send();
          },
        },
      },
      make("label", { class: "chat-field" }, strings.whatWasWrong, field),
      make("button", properties, strings.sendFeedback),
    );
    this.more.replaceChildren(form);
    field.focus();
  }

  fold() {
    const hadFocus = this.more.contains(document.activeElement);
    this.more.replaceChildren();
    if (hadFocus) this.down.focus();
  }

  /** @param {string} text @param {"alert"|"status"} role */
  say(text, role) {
    this.more.querySelector("p")?.remove();
    this.more.append(make("p", { role, "data-testid": "feedback-said" }, text));
  }

  mark() {
    this.up.setAttribute("aria-pressed", String(this.given?.thumb === "up"));
    this.down.setAttribute("aria-pressed", String(this.given?.thumb === "down"));
  }
}
