/**
 * @typedef {import("./types.js").Citation} Citation
 * @typedef {import("./strings.js").Strings} Strings
 * @typedef {import("./sources.js").OpenCitation} OpenCitation
 */

import { make, unseen } from "./dom.js";
import { mark } from "./icons.js";
import { MarkdownView } from "./markdown/view.js";
import { citationMarker, sourcesList } from "./sources.js";
import { Steps } from "./steps.js";

/**
 * What a person wrote: shown as it was typed.
 * @param {string} text
 * @param {Strings} strings
 */
export function questionView(text, strings) {
  return make(
    "article",
    { class: "chat-message chat-question", "data-testid": "question" },
    make("h2", { class: "chat-unseen" }, strings.youSaid),
    make("div", { class: "chat-question-text", dir: "auto" }, text),
  );
}

/** An answer, also while it is being written. */
export class AnswerView {
  /** @param {OpenCitation} openCitation @param {Strings} strings */
  constructor(openCitation, strings) {
    this.openCitation = openCitation;
    this.strings = strings;
    this.text = "";
    this.frame = 0;
    this.writing = false;
    this.gap = ""; // between what was said before a tool call and what is said after it
    /** @type {Map<number, Citation>} */
    this.citations = new Map();
    this.body = make("div", { class: "chat-text chat-answer-text", "data-testid": "answer-text" });
    this.foot = make("div", { class: "chat-answer-foot", "data-testid": "answer-foot" });
    this.steps = new Steps(strings);
    const heading = make("h2", { class: "chat-unseen" }, strings.answered);
    const main = make(
      "div",
      { class: "chat-answer-main" },
      heading,
      this.steps.element,
      this.body,
      this.foot,
    );
    this.element = make(
      "article",
      { class: "chat-message chat-answer", tabIndex: -1, "data-testid": "answer" },
      mark(),
      main,
    );
    this.markdown = new MarkdownView(this.body, (number) => this.marker(number));
  }

  /** Begin anew. @param {string} [text] what is there already */
  begin(text = "") {
    if (!text) this.steps.clear();
    this.text = text;
    this.gap = text && "\n\n";
    this.citations = new Map();
    this.markdown.forget();
    this.draw();
    this.wait();
  }

  /**
   * Show that something is going on below what has come.
   * @param {string} [words] shown where it is more than that an answer is being looked for
   */
  wait(words) {
    this.writing = true;
    const dots = make(
      "span",
      { class: "chat-working-dots", "aria-hidden": "true" },
      make("i"),
      make("i"),
      make("i"),
    );
    const label = words ? make("span", {}, words) : unseen(this.strings.working);
    this.showBelow(make("p", { class: "chat-working", "data-testid": "working" }, dots, label));
    this.element.setAttribute("aria-busy", "true");
  }

  /** @param {string} text the next piece; pieces that come within one frame are shown together */
  append(text) {
    if (this.text) this.text += this.gap;
    this.gap = "";
    this.text += text;
    this.frame ||= requestAnimationFrame(() => this.draw());
  }

  /** What comes next is another message. */
  interrupt() {
    this.gap = "\n\n";
  }

  /** @param {Citation[]} citations may come before, within or after the text */
  cite(citations) {
    this.citations = new Map(citations.map((citation) => [Number(citation.number), citation]));
    this.markdown.forget();
    this.frame ||= requestAnimationFrame(() => this.draw());
  }

  /**
   * @param {{ content: string, citations: Citation[], partial: boolean }} answer as it is stored
   * @param {...(Node|false|undefined)} more what goes below it
   */
  finish({ content, citations, partial }, ...more) {
    this.text = content || this.text;
    if (citations.length) this.cite(citations);
    this.settle();
    const known = [...this.citations.values()].sort((one, other) => one.number - other.number);
    this.showBelow(
      partial && make("p", { class: "chat-incomplete", "data-testid": "partial" }, this.strings.incomplete),
      known.length > 0 && sourcesList(known, this.openCitation, this.strings),
      ...more,
    );
  }

  /** @param {HTMLElement} below what stands in the place of an end: why it ended early, or what it waits for */
  pause(below) {
    this.settle();
    this.showBelow(below);
  }

  /** @param {...(Node|string|false|null|undefined)} content the focus is not lost with what it was on */
  showBelow(...content) {
    const hadFocus = this.foot.contains(document.activeElement);
    this.foot.replaceChildren(.../** @type {Node[]} */ (content.filter(Boolean)));
    if (hadFocus) this.element.focus({ preventScroll: true });
  }

  settle() {
    cancelAnimationFrame(this.frame);
    this.writing = false;
    this.gap = "\n\n";
    this.steps.close();
    this.markdown.forget(); // markers without a source become text
    this.draw();
    this.element.removeAttribute("aria-busy");
  }

  draw() {
    this.frame = 0;
    this.markdown.show(this.text);
  }

  /** The answer as it is read out: without the markers of its sources. */
  spokenText() {
    const copy = /** @type {HTMLElement} */ (this.body.cloneNode(true));
    for (const marker of copy.querySelectorAll(".chat-citation")) marker.remove();
    return [...copy.children].map((block) => block.textContent).join("\n");
  }

  /**
   * A source may be told after the text that names it: until then its marker keeps its place.
   * @param {number} number
   */
  marker(number) {
    const citation = this.citations.get(number);
    if (citation) return citationMarker(citation, this.openCitation, this.strings);
    return this.writing ? make("span", { class: "chat-citation" }, String(number)) : null;
  }
}
