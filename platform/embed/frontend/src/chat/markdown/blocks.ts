import { readList, startsItem } from "./lists";
import { readTable, startsTable } from "./tables";

/** The blocks of an answer. `start` and `end` are line numbers (the end is the line after the last one). */
export type Block = { start: number, end: number } & (
    { type: "paragraph", text: string }
  | { type: "heading", level: number, text: string }
  | { type: "code", language: string, text: string }
  | { type: "quote", blocks: Block[] }
  | { type: "list", ordered: boolean, first: number, loose: boolean, items: Block[][] }
  | { type: "table", align: Align[], head: string[], rows: string[][] }
  | { type: "rule" });

/** Where lines stand: in how many quotes and lists, and how many parts a text may still have. */
export interface Place { depth: number, room: { left: number } }

export type Align = "" | "left" | "center" | "right";

const DEEPEST = 10; // a quote in a list in a quote ...: beyond it, lines are paragraphs
const MOST_PARTS = 20_000; // blocks, items and cells: what comes after them is one text
const FENCE = /^ {0,3}(`{3,}|~{3,})([^`]*)$/;
const HEADING = /^ {0,3}(#{1,6})(?:[ \t]+(.*))?$/;
const RULE = /^ {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$/;
const QUOTE = /^ {0,3}> ?/;

/** @param source Markdown */
export function parseBlocks(source: string): { lines: string[], blocks: Block[] } {
  const lines = source.replace(/\r\n?/g, "\n").split("\n");
  return { lines, blocks: readBlocks(lines, { depth: 0, room: { left: MOST_PARTS } }) };
}

export function readBlocks(lines: string[], place: Place): Block[] {
  const blocks: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    if (isBlank(lines[at])) {
      at += 1;
      continue;
    }
    const block = place.room.left > 0 ? readBlock(lines, at, place) : readRest(lines, at);
    place.room.left -= 1;
    blocks.push(block);
    at = block.end;
  }
  return blocks;
}

/** As it is written. */
function readRest(lines: string[], start: number): Block {
  return { type: "paragraph", text: lines.slice(start).join("\n"), start, end: lines.length };
}

function readBlock(lines: string[], at: number, place: Place): Block {
  const line = lines[at];
  if (FENCE.test(line)) return readFence(lines, at);
  const heading = HEADING.exec(line);
  if (heading) {
    const text = (heading[2] ?? "").trim().replace(/(^|[ ])#{1,9}$/, "");
    return { type: "heading", level: heading[1].length, text, start: at, end: at + 1 };
  }
  if (RULE.test(line)) return { type: "rule", start: at, end: at + 1 };
  if (place.depth < DEEPEST && QUOTE.test(line)) return readQuote(lines, at, place);
  if (place.depth < DEEPEST && startsItem(line)) return readList(lines, at, place);
  if (startsTable(lines, at)) return readTable(lines, at, place);
  return readParagraph(lines, at);
}

/** A fence that is never closed runs to the end: so it does while the answer is still being written. */
function readFence(lines: string[], start: number): Block {
  const [, fence, info] = (FENCE.exec(lines[start]) as RegExpExecArray);
  const language = info.trim().split(/\s/)[0].slice(0, 30);
  const indent = lines[start].search(/[^ ]/);
  let at = start + 1;
  const content = [];
  while (at < lines.length && !closesFence(lines[at], fence)) {
    content.push(lines[at].replace(new RegExp(`^ {0,${indent}}`), ""));
    at += 1;
  }
  const end = Math.min(at + 1, lines.length);
  return { type: "code", language, text: content.join("\n"), start, end };
}

function closesFence(line: string, fence: string) {
  const trimmed = line.trim();
  return trimmed.length >= fence.length && trimmed === fence[0].repeat(trimmed.length);
}

function readQuote(lines: string[], start: number, place: Place): Block {
  const inner = [];
  let at = start;
  for (; at < lines.length && !isBlank(lines[at]); at += 1) {
    if (!QUOTE.test(lines[at]) && (isBlank(inner[inner.length - 1] ?? "") || interrupts(lines, at))) break;
    inner.push(lines[at].replace(QUOTE, ""));
  }
  return { type: "quote", blocks: readBlocks(inner, { ...place, depth: place.depth + 1 }), start, end: at };
}

function readParagraph(lines: string[], start: number): Block {
  let end = start + 1;
  while (end < lines.length && !isBlank(lines[end]) && !interrupts(lines, end)) end += 1;
  const text = lines
    .slice(start, end)
    .map((line) => line.trimStart())
    .join("\n")
    .trimEnd();
  return { type: "paragraph", text, start, end };
}

/** Whether another block begins at this line although no blank line is before it. */
export function interrupts(lines: string[], at: number) {
  const line = lines[at];
  if (FENCE.test(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line)) return true;
  return startsItem(line, { within: "paragraph" }) || startsTable(lines, at);
}

export function isBlank(line: string) {
  return line.trim() === "";
}
