import type { Inline } from "./inline";

/** A run of `*`, `_` or `~` that may open or close emphasis. */
export interface Delimiter {
  type: "delimiter";
  mark: string;
  /** where it stands in the source */
  start: number;
  /** how many are not used up yet */
  count: number;
  /** how many there were */
  length: number;
  opens: boolean;
  closes: boolean;
}

export type Piece = Inline | Delimiter;

const DEEPEST = 12; // emphasis in emphasis ...: beyond it the marks vanish and the text stays
const LONGEST_RUN = 6; // a longer run is a drawn line, not emphasis

/** Read a run of marks; whether it opens or closes depends on its neighbours (CommonMark 0.31, section 6.2). */
export function readDelimiter(source: string, start: number): Delimiter {
  const mark = source[start];
  let end = start;
  while (source[end] === mark) end += 1;
  const before = kind(source[start - 1]);
  const after = kind(source[end]);
  const left = after !== "space" && (after === "word" || before !== "word");
  const right = before !== "space" && (before === "word" || after !== "word");
  const inWord = mark === "_"; // snake_case_names are no emphasis
  const meant = end - start <= LONGEST_RUN;
  return {
    type: "delimiter",
    mark,
    start,
    count: end - start,
    length: end - start,
    opens: meant && left && (!inWord || !right || before === "punctuation"),
    closes: meant && right && (!inWord || !left || after === "punctuation"),
  };
}

function kind(character: string | undefined) {
  if (character === undefined || /\s/.test(character)) return "space";
  return /[\p{P}\p{S}]/u.test(character) ? "punctuation" : "word";
}

/**
 * Pair the runs up; what has no partner becomes text again.
 * @param pieces changed in place
 */
export function resolveEmphasis(pieces: Piece[]): Inline[] {
  /** up to where in the source no opener is left, for each kind of closer */
  const bottoms: Map<string, number> = new Map();
  let index = 0;
  while (index < pieces.length) {
    const closer = pieces[index];
    if (closer.type !== "delimiter" || !closer.closes || closer.count === 0) {
      index += 1;
      continue;
    }
    const key = `${closer.mark}${closer.opens}${closer.length % 3}`;
    const opener = findOpener(pieces, index, closer, bottoms.get(key) ?? -1);
    if (opener < 0) {
      bottoms.set(key, closer.start - 1);
      index += 1;
      continue;
    }
    index = wrap(pieces, opener, index);
  }
  return settle(pieces);
}

function findOpener(pieces: Piece[], index: number, closer: Delimiter, bottom: number) {
  for (let at = index - 1; at >= 0; at -= 1) {
    const opener = pieces[at];
    if (opener.type !== "delimiter") continue;
    if (opener.start <= bottom) return -1;
    if (opener.mark !== closer.mark || !opener.opens || !opener.count) continue;
    if (closer.mark === "~") {
      if (opener.count >= 2 && closer.count >= 2) return at;
      continue;
    }
    const either = opener.closes || closer.opens;
    const oddSum =
      (opener.length + closer.length) % 3 === 0 && (opener.length % 3 !== 0 || closer.length % 3 !== 0);
    if (!(either && oddSum)) return at;
  }
  return -1;
}

/**
 * Put what stands between two runs into an element.
 * @returns where the closing run is now
 */
function wrap(pieces: Piece[], open: number, close: number): number {
  const opener = (pieces[open] as Delimiter);
  const closer = (pieces[close] as Delimiter);
  const two = opener.count >= 2 && closer.count >= 2;
  const children = settle(pieces.slice(open + 1, close));
  const type: "strike" | "strong" | "em" = closer.mark === "~" ? "strike" : two ? "strong" : "em";
  opener.count -= two ? 2 : 1;
  closer.count -= two ? 2 : 1;
  const depth = 1 + Math.max(0, ...children.map((child) => ("depth" in child ? child.depth : 0)));
  const nodes = depth > DEEPEST ? children : [{ type, depth, children }];
  pieces.splice(open + 1, close - open - 1, ...nodes);
  return open + 1 + nodes.length;
}

function settle(pieces: Piece[]): Inline[] {
  const nodes: Inline[] = [];
  for (const piece of pieces) {
    const node =
      piece.type === "delimiter"
        ? { type: ("text" as const), text: piece.mark.repeat(piece.count) }
        : piece;
    const last = nodes[nodes.length - 1];
    if (node.type === "text" && last && last.type === "text")
      nodes[nodes.length - 1] = { type: "text", text: last.text + node.text };
    else if (node.type !== "text" || node.text) nodes.push(node);
  }
  return nodes;
}
