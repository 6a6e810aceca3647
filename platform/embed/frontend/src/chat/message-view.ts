import { make, unseen } from "./dom";
import type { WholeAnswer } from "./history";
import { mark } from "./icons";
import { MarkdownView } from "./markdown/view";
import { type OpenCitation, citationMarker, sourcesList } from "./sources";
import { Steps } from "./steps";
import { t } from "./strings";
import type { Citation } from "./types";

/** What a person wrote: shown as it was typed. */
export function questionView(text: string) {
  return make(
    "article",
    { class: "chat-message chat-question", "data-testid": "question" },
    make("h2", { class: "chat-unseen" }, t("youSaid")),
    make("div", { class: "chat-question-text", dir: "auto" }, text),
  );
}

/** An answer, also while it is being written. */
export class AnswerView {
  openCitation: OpenCitation;
  text = "";
  frame = 0;
  writing = false;
  /** between what was said before a tool call and what is said after it */
  gap = "";
  citations: Map<number, Citation> = new Map();
  body: HTMLDivElement;
  foot: HTMLDivElement;
  steps: Steps;
  element: HTMLElement;
  markdown: MarkdownView;

  constructor(openCitation: OpenCitation) {
    this.openCitation = openCitation;
    this.body = make("div", { class: "chat-text chat-answer-text", "data-testid": "answer-text" });
    this.foot = make("div", { class: "chat-answer-foot", "data-testid": "answer-foot" });
    this.steps = new Steps();
    const heading = make("h2", { class: "chat-unseen" }, t("answered"));
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

  /**
   * Begin anew.
   * @param text what is there already
   */
  begin(text: string = "") {
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
   * @param words shown where it is more than that an answer is being looked for
   */
  wait(words?: string) {
    this.writing = true;
    const dots = make(
      "span",
      { class: "chat-working-dots", "aria-hidden": "true" },
      make("i"),
      make("i"),
      make("i"),
    );
    const label = words ? make("span", {}, words) : unseen(t("working"));
    this.showBelow(make("p", { class: "chat-working", "data-testid": "working" }, dots, label));
    this.element.setAttribute("aria-busy", "true");
  }

  /** @param text the next piece; pieces that come within one frame are shown together */
  append(text: string) {
    if (this.text) this.text += this.gap;
    this.gap = "";
    this.text += text;
    this.frame ||= requestAnimationFrame(() => this.draw());
  }

  /** What comes next is another message. */
  interrupt() {
    this.gap = "\n\n";
  }

  /** @param citations may come before, within or after the text */
  cite(citations: Citation[]) {
    this.citations = new Map(citations.map((citation) => [Number(citation.number), citation]));
    this.markdown.forget();
    this.frame ||= requestAnimationFrame(() => this.draw());
  }

  /**
   * @param answer as it is stored
   * @param more what goes below it
   */
  finish({ content, citations, unsupported, partial }: WholeAnswer, ...more: (Node | false | undefined)[]) {
    this.text = content || this.text;
    if (citations.length) this.cite(citations);
    this.settle();
    const known = [...this.citations.values()].sort((one, other) => one.number - other.number);
    this.showBelow(
      partial && make("p", { class: "chat-incomplete", "data-testid": "partial" }, t("incomplete")),
      unsupported && make("p", { class: "chat-unsupported", "data-testid": "unsupported" }, t("unsupported")),
      known.length > 0 && sourcesList(known, this.openCitation),
      ...more,
    );
  }

  /** @param below what stands in the place of an end: why it ended early, or what it waits for */
  pause(below: HTMLElement) {
    this.settle();
    this.showBelow(below);
  }

  /** @param content the focus is not lost with what it was on */
  showBelow(...content: (Node | string | false | null | undefined)[]) {
    const hadFocus = this.foot.contains(document.activeElement);
    this.foot.replaceChildren(...(content.filter(Boolean) as Node[]));
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
    const copy = (this.body.cloneNode(true) as HTMLElement);
    for (const marker of copy.querySelectorAll(".chat-citation")) marker.remove();
    return [...copy.children].map((block) => block.textContent).join("\n");
  }

  /** A source may be told after the text that names it: until then its marker keeps its place. */
  marker(number: number) {
    const citation = this.citations.get(number);
    if (citation) return citationMarker(citation, this.openCitation);
    return this.writing ? make("span", { class: "chat-citation" }, String(number)) : null;
  }
}
