import { make } from "./dom";

/**
 * Mark a text in what is on screen, over the borders of its elements; blanks of any length are alike.
 * @returns the first mark; null where the text is not there
 */
export function markText(root: HTMLElement, wanted: string): HTMLElement | null {
  const words = wanted.split(/\s+/).filter(Boolean);
  if (!words.length) return null;
  const nodes: Text[] = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) nodes.push(walker.currentNode as Text);
  const pattern = words.map((word) => word.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join("\\s*");
  const found = new RegExp(pattern).exec(nodes.map((node) => node.data).join(""));
  if (!found) return null;
  const marks: HTMLElement[] = [];
  let begin = 0;
  for (const node of nodes) {
    const end = begin + node.data.length;
    const from = Math.max(found.index, begin) - begin;
    const to = Math.min(found.index + found[0].length, end) - begin;
    begin = end; // before the node is split
    if (from < to && node.data.slice(from, to).trim()) marks.push(markPart(node, from, to));
  }
  return marks[0] ?? null;
}

function markPart(node: Text, from: number, to: number): HTMLElement {
  const part = from ? node.splitText(from) : node;
  part.splitText(to - from);
  const mark = make("mark", { class: "chat-quote", "data-testid": "quote" });
  part.replaceWith(mark);
  mark.append(part);
  return mark;
}
