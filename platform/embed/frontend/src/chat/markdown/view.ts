import { parseBlocks } from "./blocks";
import { type CitationMaker, renderBlock } from "./render";

/** The marks of a text's direction that override what the letters say: they only serve disguises. */
const OVERRIDES = /[\u202d\u202e]/g;

/**
 * Shows a Markdown text that grows. Blocks whose source did not change keep their nodes, so that a long
 * answer costs little per piece, and a selection in what is already there stays.
 */
export class MarkdownView {
  element: HTMLElement;
  cite: CitationMaker;
  shown: { source: string, node: HTMLElement }[] = [];

  constructor(element: HTMLElement, cite: CitationMaker) {
    this.element = element;
    this.cite = cite;
  }

  /** @param source the whole text so far */
  show(source: string) {
    const { lines, blocks } = parseBlocks(source.replace(OVERRIDES, ""));
    const heading = blocks.find((block) => block.type === "heading");
    // The first one: the rest may not be written yet.
    const topLevel = heading?.type === "heading" ? heading.level : 1;
    const next = blocks.map((block, index) => {
      const text = lines.slice(block.start, block.end).join("\n");
      const old = this.shown[index];
      if (old && old.source === text) return old;
      const node = renderBlock(block, this.cite, topLevel);
      if (old) old.node.replaceWith(node);
      else this.element.append(node);
      return { source: text, node };
    });
    for (const surplus of this.shown.slice(next.length)) surplus.node.remove();
    this.shown = next;
  }

  /**
   * Forget what is shown: the next `show` renders everything anew, for instance with citations that came
   * late.
   */
  forget() {
    this.shown = [];
    this.element.replaceChildren();
  }
}
