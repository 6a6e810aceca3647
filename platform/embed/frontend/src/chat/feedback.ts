import { make } from "./dom";
import { explain } from "./problem";
import { t } from "./strings";
import { iconButton } from "./thread-item";
import type { Feedback } from "./types";

/** Two thumbs; the one that points down asks what was wrong. Pressing one again takes it back. */
export class FeedbackControl {
  given: Feedback | null;
  save: (feedback: Feedback | null) => Promise<unknown>;
  up: HTMLButtonElement;
  down: HTMLButtonElement;
  buttons: HTMLButtonElement[];
  more: HTMLDivElement;

  constructor(given: Feedback | null | undefined, save: (feedback: Feedback | null) => Promise<unknown>) {
    this.given = given ?? null;
    this.save = save;
    this.up = this.thumb("up", t("good"));
    this.down = this.thumb("down", t("bad"));
    this.buttons = [this.up, this.down];
    this.more = make("div", { class: "chat-feedback" }); // below the row of buttons
    this.mark();
  }

  thumb(thumb: "up" | "down", label: string) {
    const button = iconButton("thumb", label, `thumb-${thumb}`, () => void this.press(thumb));
    button.classList.add(`chat-thumb-${thumb}`);
    return button;
  }

  async press(thumb: "up" | "down") {
    const isBack = this.given?.thumb === thumb;
    if (!(await this.put(isBack ? null : { thumb, text: "" }))) return;
    if (this.given?.thumb === "down") this.askWhy();
    else this.more.replaceChildren();
  }

  /** @returns whether it is stored */
  async put(feedback: Feedback | null): Promise<boolean> {
    const before = this.given;
    this.given = feedback;
    this.mark();
    try {
      await this.save(feedback);
      return true;
    } catch (error) {
      this.given = before;
      this.mark();
      this.say(explain(error).text, "alert");
      return false;
    }
  }

  askWhy() {
    const field = make("textarea", { rows: 2, dir: "auto", maxLength: 2000, "data-testid": "feedback-text" });
    const send = async () => {
      const text = field.value.trim();
      if (!text) return this.put(this.given).then(() => this.fold());
      if (await this.put({ thumb: "down", text })) {
        this.fold();
        this.say(t("thanks"), "status");
      }
    };
    const properties = { type: "submit", class: "chat-button", "data-testid": "feedback-send" };
    const form = make(
      "form",
      {
        on: {
          submit: (event: Event) => {
            event.preventDefault();
            void send();
          },
        },
      },
      make("label", { class: "chat-field" }, t("whatWasWrong"), field),
      make("button", properties, t("sendFeedback")),
    );
    this.more.replaceChildren(form);
    field.focus();
  }

  fold() {
    const hadFocus = this.more.contains(document.activeElement);
    this.more.replaceChildren();
    if (hadFocus) this.down.focus();
  }

  say(text: string, role: "alert" | "status") {
    this.more.querySelector("p")?.remove();
    this.more.append(make("p", { role, "data-testid": "feedback-said" }, text));
  }

  mark() {
    this.up.setAttribute("aria-pressed", String(this.given?.thumb === "up"));
    this.down.setAttribute("aria-pressed", String(this.given?.thumb === "down"));
  }
}
