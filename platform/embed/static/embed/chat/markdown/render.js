/**
 * Builds the nodes of an answer. The text comes from a model or a document and is hostile: it is never read
 * as HTML, becomes text nodes only, and no element here loads anything.
 *
 * @typedef {import("./blocks.js").Block} Block
 * @typedef {import("./inline.js").Inline} Inline
 * @typedef {(number: number) => Node|null} CitationMaker a marker for passage `number`; null when there is no
 *   such passage
 */

import { make } from "../dom.js";
import { parseInline } from "./inline.js";

/** The page's own headings are the first and second level. */
const FIRST_LEVEL = 3;

/**
 * @param {Block} block
 * @param {CitationMaker} cite
 * @param {number} [topLevel] how many `#` the highest heading of the text has
 * @returns {HTMLElement}
 */
export function renderBlock(block, cite, topLevel = 1) {
  switch (block.type) {
    case "heading": {
      const level = FIRST_LEVEL + Math.max(0, block.level - topLevel);
      const tag = /** @type {"h3"} */ (`h${Math.min(level, 6)}`);
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

/** @param {string} language @param {string} text */
function renderCode(language, text) {
  // A box that scrolls must be reachable with the keyboard.
  const pre = make("pre", { tabIndex: 0 }, make("code", {}, text));
  if (language) pre.dataset.language = language;
  return pre;
}

/** @param {Extract<Block, { type: "list" }>} block @param {CitationMaker} cite */
function renderList(block, cite) {
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

/** @param {Extract<Block, { type: "table" }>} block @param {CitationMaker} cite */
function renderTable(block, cite) {
  /** @param {"th"|"td"} tag @param {string[]} cells */
  const row = (tag, cells) =>
    make("tr", {}, ...cells.map((text, column) => renderCell(tag, text, block.align[column], cite)));
  const body = block.rows.map((cells) => row("td", cells));
  const table = make("table", {}, make("thead", {}, row("th", block.head)), make("tbody", {}, ...body));
  return make("div", { class: "chat-table", tabIndex: 0, role: "group" }, table);
}

/** @param {"th"|"td"} tag @param {string} text @param {string} align @param {CitationMaker} cite */
function renderCell(tag, text, align, cite) {
  const properties = {
    dir: "auto",
    "data-align": align || undefined,
    scope: tag === "th" ? "col" : undefined,
  };
  return make(tag, properties, ...renderInline(parseInline(text), cite));
}

/**
 * @param {Inline[]} nodes
 * @param {CitationMaker} cite
 * @returns {Node[]}
 */
function renderInline(nodes, cite) {
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

/**
 * The address is shown on hover: a label may claim to lead elsewhere.
 * @param {string} address
 * @param {Node[]} label
 */
function renderLink(address, label) {
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
