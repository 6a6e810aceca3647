import { type Block, interrupts, isBlank, type Place, readBlocks } from "./blocks";

const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])([ \t]+|$)/;

/**
 * Whether a list item begins at this line. Inside of a paragraph a number other than 1 does not begin one:
 * "in\n1984."
 */
export function startsItem(line: string, { within }: { within?: "paragraph" } = {}) {
  const item = ITEM.exec(line);
  if (!item) return false;
  return within !== "paragraph" || (item[3] !== "" && (!/\d/.test(item[2]) || /^1[.)]$/.test(item[2])));
}

/** Read the items that follow each other with the same kind of bullet. */
export function readList(lines: string[], start: number, place: Place): Block {
  const bullet = bulletOf(lines[start]);
  const items = [];
  let loose = false;
  let at = start;
  while (at < lines.length && place.room.left > 0 && startsItem(lines[at]) && bulletOf(lines[at]) === bullet) {
    const item = readItem(lines, at);
    place.room.left -= 1;
    items.push(readBlocks(item.lines, { ...place, depth: place.depth + 1 }));
    at = item.end;
    const next = skipBlank(lines, at);
    const goesOn = next < lines.length && startsItem(lines[next]) && bulletOf(lines[next]) === bullet;
    loose ||=
      item.lines.some((line, index) => isBlank(line) && index < item.lines.length - 1) ||
      (goesOn && next > at);
    if (goesOn) at = next;
  }
  const first = Number.parseInt(lines[start].trim(), 10);
  return { type: "list", ordered: !Number.isNaN(first), first: first || 1, loose, items, start, end: at };
}

/** @param line the mark without its number: "-", "*", "+", "." or ")" */
function bulletOf(line: string) {
  return (ITEM.exec(line) as RegExpExecArray)[2].slice(-1);
}

/** An item's own lines, without its bullet and indentation. */
function readItem(lines: string[], start: number) {
  const [, margin, bullet, gap] = (ITEM.exec(lines[start]) as RegExpExecArray);
  const indent = margin.length + bullet.length + (gap.length >= 1 && gap.length <= 4 ? gap.length : 1);
  const inner = [lines[start].slice(indent)];
  let at = start + 1;
  while (at < lines.length) {
    if (isBlank(lines[at])) {
      const next = skipBlank(lines, at);
      if (next >= lines.length || indentOf(lines[next]) < indent) break;
      for (; at < next; at += 1) inner.push("");
    }
    if (indentOf(lines[at]) >= indent) inner.push(withoutTabs(lines[at]).slice(indent));
    else if (interrupts(lines, at) || startsItem(lines[at]) || isBlank(inner[inner.length - 1])) break;
    else inner.push(lines[at].trimStart()); // a paragraph that goes on without indentation
    at += 1;
  }
  return { lines: inner, end: at };
}

function indentOf(line: string) {
  const spaced = withoutTabs(line);
  return spaced.length - spaced.trimStart().length;
}

/** @param line the same, its indentation made of spaces */
function withoutTabs(line: string) {
  return line.replace(/^[ \t]+/, (margin) => margin.replaceAll("\t", "    "));
}

function skipBlank(lines: string[], at: number) {
  let next = at;
  while (next < lines.length && isBlank(lines[next])) next += 1;
  return next;
}
