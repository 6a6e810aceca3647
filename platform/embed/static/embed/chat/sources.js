/**
 * @typedef {import("./types.js").Citation} Citation
 * @typedef {import("./strings.js").Strings} Strings
 * @typedef {(citation: Citation) => void} OpenCitation
 */

import { make } from "./dom.js";

const SHOWN_AT_FIRST = 4;

/**
 * The marker of a passage in the running text.
 * @param {Citation} citation
 * @param {OpenCitation} open
 * @param {Strings} strings
 */
export function citationMarker(citation, open, strings) {
  const label = strings.openSource(citation.number, citation.title);
  return make(
    "button",
    {
      type: "button",
      class: "chat-citation",
      title: citation.title,
      "aria-label": label,
      "aria-haspopup": "dialog",
      "data-testid": "citation",
      "data-number": citation.number,
      on: { click: () => open(citation) },
    },
    String(citation.number),
  );
}

/**
 * The passages that an answer rests on, below it.
 * @param {Citation[]} citations
 * @param {OpenCitation} open
 * @param {Strings} strings
 */
export function sourcesList(citations, open, strings) {
  const list = make("ol", { class: "chat-sources-list" });
  const items = citations.map((citation) => make("li", {}, sourceCard(citation, open, strings)));
  // One more card takes no more room than the button that would show it.
  const atFirst = items.length <= SHOWN_AT_FIRST + 1 ? items.length : SHOWN_AT_FIRST;
  list.append(...items.slice(0, atFirst));
  const more = make("button", { type: "button", class: "chat-sources-more", "data-testid": "all-sources" });
  more.textContent = strings.allSources(items.length);
  more.addEventListener("click", () => {
    list.append(...items.slice(atFirst));
    more.remove();
    /** @type {HTMLElement} */ (items[atFirst].firstElementChild).focus();
  });
  return make(
    "section",
    { class: "chat-sources", "aria-label": strings.sources(items.length), "data-testid": "sources" },
    make("h3", {}, strings.sources(items.length)),
    list,
    atFirst < items.length && more,
  );
}

/** @param {Citation} citation @param {OpenCitation} open @param {Strings} strings */
function sourceCard(citation, open, strings) {
  const place = placeOf(citation, strings);
  return make(
    "button",
    {
      type: "button",
      class: "chat-source",
      "aria-haspopup": "dialog",
      "data-testid": "source",
      "data-number": citation.number,
      on: { click: () => open(citation) },
    },
    make("span", { class: "chat-source-number" }, String(citation.number)),
    make(
      "span",
      { class: "chat-source-text" },
      make("span", { class: "chat-source-title", dir: "auto" }, citation.title),
      place && make("span", { class: "chat-source-place", dir: "auto" }, place),
    ),
  );
}

/**
 * Where in its document a passage stands: its headings, without the title that stands above them, and its page.
 * @param {{ title: string, heading?: string, page?: number|null }} passage
 * @param {Strings} strings
 */
export function placeOf({ title, heading, page }, strings) {
  const path = (heading ?? "").split(" > ").filter(Boolean);
  if (path[0] === title) path.shift();
  return [path.join(" › "), page ? strings.page(page) : ""].filter(Boolean).join(" · ");
}
