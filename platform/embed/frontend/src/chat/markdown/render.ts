import { make } from "../dom";
import type { Block } from "./blocks";
import { type Inline, parseInline } from "./inline";

/** Builds the nodes of an answer. The text comes from a model or a document and is hostile: it is never read
 * as HTML, becomes text nodes only, and no element here loads anything. */
/** a marker for passage `number`; null when there is no such passage */
export type CitationMaker = (number: number) => Node | null;

/** The page's own headings are the first and second level. */
const FIRST_LEVEL = 3;

/** @param topLevel how many `#` the highest heading of the text has */
export function renderBlock(block: Block, cite: CitationMaker, topLevel: number = 1): HTMLElement {
  switch (block.type) {
    case "heading": {
      const level = FIRST_LEVEL + Math.max(0, block.level - topLevel);
      const tag = (`h${Math.min(level, 6)}` as "h3");
      return make(tag, { dir: "auto" }, ...renderInline(parseInline(block.text), cite));
    }
    case "code":
      return renderCode(block.language, block.text);
    case "quote":
      return make("blockquote", {}, ...block.blocks.map((inner) => renderBlock(inner, cite)));
    case "list":
      return renderList(block, cite);
    case "table":
      return renderTable(block, cite);
    case "rule":
      return make("hr");
    default:
      return make("p", { dir: "auto" }, ...renderInline(parseInline(block.text), cite));
  }
}

function renderCode(language: string, text: string) {
  // A box that scrolls must be reachable with the keyboard.
  const pre = make("pre", { tabIndex: 0 }, make("code", {}, text));
  if (language) pre.dataset.language = language;
  return pre;
}

function renderList(block: Extract<Block, { type: "list" }>, cite: CitationMaker) {
  const items = block.items.map((blocks) => {
    const item = make("li", { dir: "auto" });
    for (const inner of blocks) {
      if (inner.type === "paragraph" && !block.loose)
        item.append(...renderInline(parseInline(inner.text), cite));
      else item.append(renderBlock(inner, cite));
    }
    return item;
  });
  return block.ordered ? make("ol", { start: block.first }, ...items) : make("ul", {}, ...items);
}

function renderTable(block: Extract<Block, { type: "table" }>, cite: CitationMaker) {
  const row = (tag: "th" | "td", cells: string[]) =>
    make("tr", {}, ...cells.map((text, column) => renderCell(tag, text, block.align[column], cite)));
  const body = block.rows.map((cells) => row("td", cells));
  const table = make("table", {}, make("thead", {}, row("th", block.head)), make("tbody", {}, ...body));
  return make("div", { class: "chat-table", tabIndex: 0, role: "group" }, table);
}

function renderCell(tag: "th" | "td", text: string, align: string, cite: CitationMaker) {
  const properties = {
    dir: "auto",
    "data-align": align || undefined,
    scope: tag === "th" ? "col" : undefined,
  };
  return make(tag, properties, ...renderInline(parseInline(text), cite));
}

function renderInline(nodes: Inline[], cite: CitationMaker): Node[] {
  return nodes.map((node) => {
    switch (node.type) {
      case "text":
        return document.createTextNode(node.text);
      case "code":
        return make("code", {}, node.text);
      case "break":
        return make("br");
      case "strong":
        return make("strong", {}, ...renderInline(node.children, cite));
      case "em":
        return make("em", {}, ...renderInline(node.children, cite));
      case "strike":
        return make("s", {}, ...renderInline(node.children, cite));
      case "link":
        return renderLink(node.address, renderInline(node.children, cite));
      case "citation":
        return cite(node.number) ?? document.createTextNode(`[${node.number}]`);
    }
  });
}

/** The address is shown on hover: a label may claim to lead elsewhere. */
function renderLink(address: string, label: Node[]) {
  return make(
    "a",
    {
      href: address,
      title: address,
      target: "_blank",
      rel: "noopener noreferrer",
      referrerPolicy: "no-referrer",
    },
    ...label,
  );
}
