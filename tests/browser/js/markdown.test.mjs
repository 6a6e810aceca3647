/** Bundled and run by tests/browser/test_chat_modules.py. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { parseBlocks } from "../../../platform/embed/frontend/src/chat/markdown/blocks";
import { parseInline } from "../../../platform/embed/frontend/src/chat/markdown/inline";
import { bareAddressLength, safeAddress } from "../../../platform/embed/frontend/src/chat/markdown/links";

const types = (source) => parseBlocks(source).blocks.map((block) => block.type);

/** An inline tree as one line: strong(a) em(b) link(address|label) cite(1). */
function flat(nodes) {
  return nodes
    .map((node) => {
      if (node.type === "text") return node.text;
      if (node.type === "code") return `code(${node.text})`;
      if (node.type === "break") return "br()";
      if (node.type === "citation") return `cite(${node.number})`;
      if (node.type === "link") return `link(${node.address}|${flat(node.children)})`;
      return `${node.type}(${flat(node.children)})`;
    })
    .join("");
}

const inline = (source) => flat(parseInline(source));

test("blocks are told apart", () => {
  const source =
    "# Title\n\ntext\nmore\n\n- a\n- b\n\n1. one\n\n> quote\n\n```js\ncode\n```\n\n---\n\n| a | b |\n|---|--:|\n| 1 | 2 |";
  assert.deepEqual(types(source), ["heading", "paragraph", "list", "list", "quote", "code", "rule", "table"]);
});

test("a fence that is not closed yet takes the rest", () => {
  const [block] = parseBlocks("```python\nx = 1\n\n# no heading").blocks;
  assert.deepEqual([block.type, block.language, block.text], ["code", "python", "x = 1\n\n# no heading"]);
});

test("code keeps its tabs", () => {
  assert.equal(parseBlocks("```make\nrun:\n\techo\n```").blocks[0].text, "run:\n\techo");
});

test("lists nest, by spaces or by tabs", () => {
  for (const source of ["- a\n  - b\n  - c\n- d", "- a\n\t- b\n\t- c\n- d", "1. a\n   - b\n   - c\n2. d"]) {
    const [list] = parseBlocks(source).blocks;
    assert.equal(list.items.length, 2, source);
    assert.equal(list.items[0][1].items.length, 2, source);
    assert.equal(list.loose, false, source);
  }
});

test("a list starts at its own number, and a year in a sentence starts none", () => {
  assert.equal(parseBlocks("3. c\n4. d").blocks[0].first, 3);
  assert.deepEqual(types("It was in\n1984. A book."), ["paragraph"]);
});

/** How many elements it takes, at least. */
function parts(blocks) {
  const of = (block) => {
    if (block.type === "quote") return parts(block.blocks);
    if (block.type === "list") return block.items.reduce((sum, item) => sum + 1 + parts(item), 0);
    return block.type === "table" ? (block.rows.length + 1) * block.head.length : 0;
  };
  return blocks.reduce((sum, block) => sum + 1 + of(block), 0);
}

test("an answer that is all marks makes no more elements than a browser can draw", () => {
  const head = `${"|x".repeat(40)}\n${"|-".repeat(40)}\n`;
  const sources = { table: (head + "|\n".repeat(500)) + "\n", list: "-\n", loose: "- a\n\n", quote: "> > > a\n\n", rule: "---\n" };
  for (const [name, piece] of Object.entries(sources)) {
    const source = piece.repeat(200_000 / piece.length);
    const { blocks } = parseBlocks(source);
    assert.ok(parts(blocks) < 25_000, name);
    assert.equal(blocks.at(-1).end >= source.trimEnd().split("\n").length, true, name); // nothing is left out
  }
});

test("an item may be followed by any number of blank lines", () => {
  const { blocks } = parseBlocks(`- a${"\n".repeat(300_000)}  b`);
  assert.equal(blocks[0].items.length, 1);
});

test("a table has as many cells in each row as in its head", () => {
  const [table] = parseBlocks("| a | b |\n|:--|:-:|\n| `x|y` |\n| 1 | 2 | 3 |").blocks;
  assert.deepEqual(table.rows, [
    ["`x|y`", ""],
    ["1", "2"],
  ]);
  assert.deepEqual(table.align, ["left", "center"]);
});

test("emphasis follows CommonMark where people notice", () => {
  const cases = {
    "**bold** and *it*": "strong(bold) and em(it)",
    "***both***": "em(strong(both))",
    "*a **b** c*": "em(a strong(b) c)",
    snake_case_name: "snake_case_name",
    "_it_ __bold__": "em(it) strong(bold)",
    "2 * 3 * 4": "2 * 3 * 4",
    "**open": "**open",
    "~~gone~~ ~not~": "strike(gone) ~not~",
    "\\*no\\*": "*no*",
    "**********": "**********",
  };
  for (const [source, expected] of Object.entries(cases)) assert.equal(inline(source), expected);
});

test("code spans hold everything else back", () => {
  assert.equal(inline("`**a** <b>`"), "code(**a** <b>)");
  assert.equal(inline("`` a`b ``"), "code(a`b)");
  assert.equal(inline("`open"), "`open");
});

test("markers of passages are found, also in series, but not where they are something else", () => {
  assert.equal(inline("so [1]."), "so cite(1).");
  assert.equal(inline("so [1, 2][3]"), "so cite(1)cite(2)cite(3)");
  assert.equal(inline("`a[1]` \\[1] [1](https://a.example/)"), "code(a[1]) [1] link(https://a.example/|1)");
});

test("links lead to http, https and mail addresses", () => {
  assert.equal(inline("[a **b**](https://x.example/p?q=1)"), "link(https://x.example/p?q=1|a strong(b))");
  assert.equal(
    inline("see https://x.example/a_(b)."),
    "see link(https://x.example/a_(b)|https://x.example/a_(b)).",
  );
  assert.equal(inline("<mailto:a@x.example>"), "link(mailto:a@x.example|mailto:a@x.example)");
  assert.equal(inline("<a@x.example> <a@b>"), "link(mailto:a@x.example|a@x.example) <a@b>");
  assert.equal(inline("![chart](https://x.example/i.png)"), "link(https://x.example/i.png|chart)");
});

test("no other address becomes a link", () => {
  const addresses = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "java\tscript:alert(1)",
    "\u0001javascript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "file:///etc/passwd",
    "blob:https://x.example/1",
    "//x.example",
    "/admin/",
    "https://bank.example@evil.example/",
    "https://user:pw@evil.example/",
    "",
    "https://",
    "view-source:https://x.example",
  ];
  for (const address of addresses) assert.equal(safeAddress(address), null, JSON.stringify(address));
  assert.equal(inline("[a](javascript:alert`1`)"), "a");
  assert.equal(inline("[a](&#106;avascript:x)"), "a");
});

test("html is text", () => {
  const source = '<script>x</script><img src=x onerror="y">';
  assert.equal(inline(source), source);
  assert.deepEqual(types("<div>\n<b>"), ["paragraph"]);
  assert.equal(inline("&lt;b&gt; &amp; &#x41;&#0;"), "<b> & A\ufffd");
});

test("punctuation after a bare address stays in the sentence", () => {
  assert.equal(bareAddressLength("https://x.example/a), b"), "https://x.example/a".length);
  assert.equal(bareAddressLength("ftp://x.example"), 0);
});

test("nesting has an end", () => {
  const deepest = (blocks) =>
    Math.max(0, ...blocks.map((block) => 1 + deepest(block.blocks ?? block.items?.flat() ?? [])));
  assert.ok(deepest(parseBlocks("> ".repeat(500) + "x").blocks) < 20);
  assert.ok(deepest(parseBlocks("- ".repeat(500) + "x").blocks) < 20);
  const inner = (nodes) => Math.max(0, ...nodes.map((node) => 1 + inner(node.children ?? [])));
  assert.ok(inner(parseInline("*a _b ".repeat(400) + "c_ d* ".repeat(400))) < 20);
});
