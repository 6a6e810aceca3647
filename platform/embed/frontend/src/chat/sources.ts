import { make } from "./dom";
import { t } from "./strings";
import type { Citation } from "./types";

export type OpenCitation = (citation: Citation) => void;

const SHOWN_AT_FIRST = 4;

/** The marker of a passage in the running text. */
export function citationMarker(citation: Citation, open: OpenCitation) {
  const label = t("openSource", { number: citation.number, title: citation.title });
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

/** The passages that an answer rests on, below it. */
export function sourcesList(citations: Citation[], open: OpenCitation) {
  const list = make("ol", { class: "chat-sources-list" });
  const items = citations.map((citation) => make("li", {}, sourceCard(citation, open)));
  // One more card takes no more room than the button that would show it.
  const atFirst = items.length <= SHOWN_AT_FIRST + 1 ? items.length : SHOWN_AT_FIRST;
  list.append(...items.slice(0, atFirst));
  const more = make("button", { type: "button", class: "chat-sources-more", "data-testid": "all-sources" });
  more.textContent = t("allSources", { count: items.length });
  more.addEventListener("click", () => {
    list.append(...items.slice(atFirst));
    more.remove();
    (items[atFirst].firstElementChild as HTMLElement).focus();
  });
  return make(
    "section",
    { class: "chat-sources", "aria-label": t("sources", { count: items.length }), "data-testid": "sources" },
    make("h3", {}, t("sources", { count: items.length })),
    list,
    atFirst < items.length && more,
  );
}

function sourceCard(citation: Citation, open: OpenCitation) {
  const place = placeOf(citation);
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

/** Where in its document a passage stands: its headings, without the title that stands above them, and its page. */
export function placeOf({ title, heading, page }: { title: string, heading?: string, page?: number | null }) {
  const path = (heading ?? "").split(" > ").filter(Boolean);
  if (path[0] === title) path.shift();
  return [path.join(" › "), page ? t("page", { page }) : ""].filter(Boolean).join(" · ");
}
