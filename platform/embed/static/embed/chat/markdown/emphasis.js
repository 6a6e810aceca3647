/**
 * A run of `*`, `_` or `~` that may open or close emphasis.
 * @typedef {object} Delimiter
 * @property {"delimiter"} type
 * @property {string} mark
 * @property {number} start     where it stands in the source
 * @property {number} count     how many are not used up yet
 * @property {number} length    how many there were
 * @property {boolean} opens
 * @property {boolean} closes
 *
 * @typedef {import("./inline.js").Inline} Inline
 * @typedef {Inline|Delimiter} Piece
 */

const DEEPEST = 12; // emphasis in emphasis ...: beyond it the marks vanish and the text stays
const LONGEST_RUN = 6; // a longer run is a drawn line, not emphasis

/**
 * Read a run of marks; whether it opens or closes depends on its neighbours (CommonMark 0.31, section 6.2).
 * @param {string} source
 * @param {number} start
 * @returns {Delimiter}
 */
export function readDelimiter(source, start) {
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

/** @param {string|undefined} character */
function kind(character) {
  if (character === undefined || /\s/.test(character)) return "space";
  return /[\p{P}\p{S}]/u.test(character) ? "punctuation" : "word";
}

/**
 * Pair the runs up; what has no partner becomes text again.
 * @param {Piece[]} pieces changed in place
 * @returns {Inline[]}
 */
export function resolveEmphasis(pieces) {
  /** @type {Map<string, number>} up to where in the source no opener is left, for each kind of closer */
  const bottoms = new Map();
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

/**
 * @param {Piece[]} pieces
 * @param {number} index
 * @param {Delimiter} closer
 * @param {number} bottom
 */
function findOpener(pieces, index, closer, bottom) {
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
 * @param {Piece[]} pieces
 * @param {number} open
 * @param {number} close
 * @returns {number} where the closing run is now
 */
function wrap(pieces, open, close) {
  const opener = /** @type {Delimiter} */ (pieces[open]);
  const closer = /** @type {Delimiter} */ (pieces[close]);
  const two = opener.count >= 2 && closer.count >= 2;
  const children = settle(pieces.slice(open + 1, close));
  /** @type {"strike"|"strong"|"em"} */
  const type = closer.mark === "~" ? "strike" : two ? "strong" : "em";
  opener.count -= two ? 2 : 1;
  closer.count -= two ? 2 : 1;
  const depth = 1 + Math.max(0, ...children.map((child) => ("depth" in child ? child.depth : 0)));
  const nodes = depth > DEEPEST ? children : [{ type, depth, children }];
  pieces.splice(open + 1, close - open - 1, ...nodes);
  return open + 1 + nodes.length;
}

/**
 * @param {Piece[]} pieces
 * @returns {Inline[]}
 */
function settle(pieces) {
  /** @type {Inline[]} */
  const nodes = [];
  for (const piece of pieces) {
    const node =
      piece.type === "delimiter"
        ? { type: /** @type {const} */ ("text"), text: piece.mark.repeat(piece.count) }
        : piece;
    const last = nodes[nodes.length - 1];
    if (node.type === "text" && last && last.type === "text")
      nodes[nodes.length - 1] = { type: "text", text: last.text + node.text };
    else if (node.type !== "text" || node.text) nodes.push(node);
  }
  return nodes;
}
