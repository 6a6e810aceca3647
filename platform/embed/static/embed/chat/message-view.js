/**
 * @typedef {import("./types.js").Citation} Citation
 * @typedef {import("./strings.js").Strings} Strings
 * @typedef {import("./sources.js").OpenCitation} OpenCitation
 */

import { make, unseen } from "./dom.js";
import { mark } from "./icons.js";
import { MarkdownView } from "./markdown/view.js";
import { citationMarker, sourcesList } from "./sources.js";

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
    /** @type {Map<number, Citation>} */
    this.citations = new Map();
    this.body = make("div", { class: "chat-text chat-answer-text", "data-testid": "answer-text" });
    this.foot = make("div", { class: "chat-answer-foot" });
    const heading = make("h2", { class: "chat-unseen" }, strings.answered);
    const main = make("div", { class: "chat-answer-main" }, heading, this.body, this.foot);
    this.element = make(
      "article",
      { class: "chat-message chat-answer", "data-testid": "answer" },
      mark(),
      main,
    );
    this.markdown = new MarkdownView(this.body, (number) => this.marker(number));
  }

  /** Begin anew: nothing has come yet. */
  begin() {
    this.text = "";
    this.citations = new Map();
    this.markdown.forget();
    this.wait();
  }

  /** Show that something is going on below what has come. */
  wait() {
    this.writing = true;
    const dots = make(
      "span",
      { class: "chat-working-dots", "aria-hidden": "true" },
      make("i"),
      make("i"),
      make("i"),
    );
    this.foot.replaceChildren(
      make("p", { class: "chat-working", "data-testid": "working" }, dots, unseen(this.strings.working)),
    );
    this.element.setAttribute("aria-busy", "true");
  }

  /** @param {string} text the next piece; pieces that come within one frame are shown together */
  append(text) {
    this.text += text;
    this.frame ||= requestAnimationFrame(() => this.draw());
  }

  /** @param {Citation[]} citations may come before, within or after the text */
  cite(citations) {
    this.citations = new Map(citations.map((citation) => [Number(citation.number), citation]));
    this.markdown.forget();
    this.frame ||= requestAnimationFrame(() => this.draw());
  }

  /** @param {Partial<import("./types.js").Message>} message the answer as it is stored */
  finish({ content, citations = [], partial }) {
    this.text = content || this.text;
    if (citations.length) this.cite(citations);
    this.settle();
    const known = [...this.citations.values()].sort((one, other) => one.number - other.number);
    this.foot.replaceChildren();
    if (partial) this.foot.append(make("p", { class: "chat-incomplete" }, this.strings.incomplete));
    if (known.length) this.foot.append(sourcesList(known, this.openCitation, this.strings));
  }

  /** @param {HTMLElement} notice why the answer ended early; what had come stays above it */
  fail(notice) {
    this.settle();
    this.foot.replaceChildren(notice);
  }

  settle() {
    cancelAnimationFrame(this.frame);
    this.writing = false;
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
