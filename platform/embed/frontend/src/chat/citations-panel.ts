import { make } from "./dom";
import { markText } from "./mark-text";
import { MarkdownView } from "./markdown/view";
import { Problem, explain } from "./problem";
import { placeOf } from "./sources";
import { t } from "./strings";
import { iconButton } from "./thread-item";
import type { Citation, Passage } from "./types";

/**
 * From this width on there is room for the panel beside the conversation; below, it lies over it as a sheet.
 */
const WIDE = "(min-width: 1100px)";

/** Characters: a paragraph whose lines are all shorter was broken on purpose, not to fit a width. */
const SHORT_LINE = 60;

type LoadPassage = (citation: Citation, threadId: string | undefined) => Promise<Passage>;

/** Shows one passage: a panel at the side, or a modal sheet at the bottom of a narrow screen. */
export class CitationsPanel {
  load: LoadPassage;
  threadId: string | undefined;
  opener: Element | null = null;
  citation: Citation | null = null;
  label: HTMLParagraphElement;
  body: HTMLDivElement;
  close: HTMLButtonElement;
  element: HTMLDialogElement;

  /** @param signal ends with the chat */
  constructor(load: LoadPassage, signal: AbortSignal) {
    this.load = load;
    this.label = make("p", { class: "chat-panel-label" });
    this.body = make("div", { class: "chat-panel-body", tabIndex: 0, "data-testid": "passage" });
    this.close = iconButton("close", t("closePassage"), "close-passage", () => this.element.close());
    this.element = make(
      "dialog",
      { class: "chat-panel", "aria-label": t("sources", { count: 1 }), "data-testid": "citations-panel" },
      make("header", { class: "chat-panel-top" }, this.label, this.close),
      this.body,
    );
    this.element.addEventListener("close", () => this.closed());
    this.element.addEventListener("click", (event) => {
      if (event.target === this.element) this.element.close(); // the backdrop of the sheet
    });
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.defaultPrevented) this.element.close();
    });
    matchMedia(WIDE).addEventListener("change", () => this.refit(), { signal });
  }

  /** @param threadId the conversation that it stands in */
  async open(citation: Citation, threadId?: string) {
    this.threadId = threadId;
    this.opener = document.activeElement;
    this.citation = citation;
    this.label.textContent = t("sourceNumber", { number: citation.number });
    this.element.setAttribute("aria-label", t("openSource", { number: citation.number, title: citation.title }));
    this.markOpen(citation);
    this.fill(citation, make("p", { class: "chat-panel-note", role: "status" }, t("loadingPassage")));
    if (!this.element.open) this.reveal();
    this.close.focus({ preventScroll: true });
    try {
      const passage = await this.load(citation, threadId);
      if (this.citation === citation) this.showPassage(passage);
    } catch (error) {
      if (this.citation === citation) this.showFailure(citation, error);
    }
  }

  reveal() {
    if (matchMedia(WIDE).matches) this.element.show();
    else this.element.showModal();
  }

  /** The window became wide or narrow while the panel is open. */
  refit() {
    if (!this.element.open) return;
    const { citation, opener } = this;
    this.citation = null; // keeps `closed` from giving the focus back
    this.element.close();
    this.citation = citation;
    this.opener = opener;
    this.reveal();
  }

  closed() {
    if (!this.citation || this.element.open) return;
    this.citation = null;
    this.markOpen(null);
    if (this.opener instanceof HTMLElement && this.opener.isConnected)
      this.opener.focus({ preventScroll: true });
    this.opener = null;
  }

  /** The marker and the card of the open passage stand out. */
  markOpen(citation: Citation | null) {
    for (const element of document.querySelectorAll("[data-opened]")) element.removeAttribute("data-opened");
    if (citation) this.opener?.setAttribute("data-opened", "true");
  }

  fill(passage: { title: string, heading?: string, page?: number | null }, ...content: Node[]) {
    const place = placeOf(passage);
    this.body.replaceChildren(
      make("h2", { class: "chat-panel-title", dir: "auto" }, passage.title),
      ...(place ? [make("p", { class: "chat-panel-place", dir: "auto" }, place)] : []),
      ...content,
    );
  }

  showPassage(passage: Passage) {
    const text = documentText(passage.text);
    const quote = passage.quote && [...passage.text].slice(passage.quote.start, passage.quote.end).join("");
    const first = quote ? markText(text, documentText(quote).textContent ?? "") : null;
    const marked = make(first ? "div" : "mark", { "data-testid": "passage-text" }, text);
    const around = (text: string | undefined) =>
      text ? make("div", { class: "chat-passage-around" }, documentText(text)) : null;
    this.fill(
      passage,
      make("div", { class: "chat-passage" }, around(passage.before), marked, around(passage.after)),
    );
    const shown = first ?? marked;
    this.body.scrollTop = Math.max(0, shown.offsetTop - this.body.clientHeight / 4);
  }

  showFailure(citation: Citation, error: unknown) {
    const gone = error instanceof Problem && error.status === 404;
    const words = gone ? t("passageGone") : explain(error).text;
    const note = make("p", { class: "chat-panel-note", role: "alert" }, words);
    const quote = citation.quote
      ? [make("div", { class: "chat-passage" }, make("mark", {}, documentText(citation.quote)))]
      : [];
    const retry = make("button", { type: "button", class: "chat-button" }, t("retry"));
    retry.addEventListener("click", () => {
      const { opener } = this;
      void this.open(citation, this.threadId);
      this.opener = opener;
    });
    this.fill(citation, note, ...quote, ...(gone ? [] : [retry]));
  }
}

/** Text of a document: most of them come as Markdown, and the others read well as such. */
function documentText(text: string) {
  const element = make("div", { class: "chat-text" });
  new MarkdownView(element, () => null).show(text);
  for (const paragraph of element.querySelectorAll("p")) {
    const lines = (paragraph.textContent ?? "").split("\n");
    const rows = lines.every((line) => line.startsWith("|")); // of a table whose head is in another passage
    const short = lines.every((line) => line.length < SHORT_LINE);
    paragraph.classList.toggle("chat-lines", rows || short);
  }
  return element;
}
