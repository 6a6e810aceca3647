import { type Piece, readDelimiter, resolveEmphasis } from "./emphasis";
import { bareAddressLength, safeAddress } from "./links";

/** What stands inside a paragraph, a heading or a cell. */
export type Inline = { type: "text", text: string }
  | { type: "code", text: string }
  | { type: "break" }
  | { type: "strong" | "em" | "strike", depth: number, children: Inline[] }
  | { type: "link", address: string, children: Inline[] }
  | { type: "citation", number: number };

const LONGEST_TEXT = 20_000; // characters; beyond it nobody meant markup, and it stays plain text
const LONGEST_LABEL = 1_000;
const LONGEST_ADDRESS = 2_000;
const SPECIAL = /[\\`*_~[!<&\n]|https?:\/\//gi;
const TARGET = /^\( ?(?:<([^<>\n]*)>|((?:[^\s()\\]|\\.|\([^\s()]*\))*))(?:\s{1,2}(?:"[^"]*"|'[^']*'))? ?\)/;
const NAMED = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
  ["nbsp", "\u00a0"],
]);

/**
 * @param options `links: false` inside of a link's label: no link and no citation
 * there
 */
export function parseInline(source: string, { links = true }: { links?: boolean } = {}): Inline[] {
  if (source.length > LONGEST_TEXT) return [{ type: "text", text: source }];
  return new InlineParser(source, links).parse();
}

class InlineParser {
  source: string;
  links: boolean;
  at = 0;
  pieces: Piece[] = [];
  /** lengths of backtick runs that are known to have no partner further on */
  unpaired: Set<number> = new Set();

  constructor(source: string, links: boolean) {
    this.source = source;
    this.links = links;
  }

  parse(): Inline[] {
    const { source } = this;
    const special = new RegExp(SPECIAL);
    while (this.at < source.length) {
      special.lastIndex = this.at;
      const next = special.exec(source)?.index ?? source.length;
      if (next > this.at) this.text(source.slice(this.at, next));
      this.at = next;
      if (next < source.length && !this.special(source[next])) this.text(source[this.at++]);
    }
    return resolveEmphasis(this.pieces);
  }

  text(text: string) {
    this.pieces.push({ type: "text", text });
  }

  /** Read the construct that begins here; false when none does, and the character is text. */
  special(character: string): boolean {
    switch (character) {
      case "\\":
        return this.escape();
      case "`":
        return this.code();
      case "*":
      case "_":
      case "~":
        return this.delimiter();
      case "[":
        return this.citations() || this.link(this.at);
      case "!":
        // An image is a link to it, never loaded.
        return this.source[this.at + 1] === "[" && this.link(this.at + 1);
      case "<":
        return this.angledAddress();
      case "&":
        return this.entity();
      case "\n":
        return this.lineBreak();
      default:
        return this.bareAddress();
    }
  }

  escape() {
    const next = this.source[this.at + 1];
    if (next === "\n") {
      this.pieces.push({ type: "break" });
    } else if (next && /[!-/:-@[-`{-~]/.test(next)) {
      this.text(next);
    } else {
      return false;
    }
    this.at += 2;
    return true;
  }

  code() {
    const run = (/^`+/.exec(this.source.slice(this.at, this.at + 50)) as RegExpExecArray)[0]
      .length;
    const start = this.at + run;
    const end = this.unpaired.has(run) ? -1 : this.closingRun(start, run);
    if (end < 0) {
      this.unpaired.add(run);
      this.text("`".repeat(run));
      this.at = start;
      return true;
    }
    const text = this.source.slice(start, end).replace(/\n/g, " ");
    const padded = text.startsWith(" ") && text.endsWith(" ") && text.trim() !== "";
    this.pieces.push({ type: "code", text: padded ? text.slice(1, -1) : text });
    this.at = end + run;
    return true;
  }

  closingRun(from: number, run: number) {
    const runs = /`+/g;
    runs.lastIndex = from;
    for (let match = runs.exec(this.source); match; match = runs.exec(this.source)) {
      if (match[0].length === run) return match.index;
    }
    return -1;
  }

  delimiter() {
    const delimiter = readDelimiter(this.source, this.at);
    this.pieces.push(delimiter);
    this.at += delimiter.length;
    return true;
  }

  /** `[1]` and `[1, 2]`: markers of the passages that a sentence rests on. */
  citations() {
    if (!this.links) return false;
    const marker = /\[(\d{1,3}(?:, ?\d{1,3}){0,39})\](?!\()/y;
    marker.lastIndex = this.at;
    const match = marker.exec(this.source);
    if (!match) return false;
    for (const number of match[1].split(",")) this.pieces.push({ type: "citation", number: Number(number) });
    this.at += match[0].length;
    return true;
  }

  /**
   * `[label](address "title")`. An address that is not allowed leaves the label's text alone.
   * @param open where the bracket is
   */
  link(open: number) {
    if (!this.links) return false;
    const close = this.closingBracket(open);
    if (close < 0) return false;
    const rest = this.source.slice(close + 1, close + 1 + LONGEST_ADDRESS);
    const target = TARGET.exec(rest);
    if (!target) return false;
    const label = parseInline(this.source.slice(open + 1, close), { links: false });
    const address = safeAddress((target[1] ?? target[2]).replace(/\\([!-/:-@[-`{-~])/g, "$1"));
    if (address && label.length) this.pieces.push({ type: "link", address, children: label });
    else this.pieces.push(...label);
    this.at = close + 1 + target[0].length;
    return true;
  }

  closingBracket(open: number) {
    let depth = 0;
    const last = Math.min(this.source.length, open + LONGEST_LABEL);
    for (let at = open; at < last; at += 1) {
      const character = this.source[at];
      if (character === "\\") at += 1;
      else if (character === "[") depth += 1;
      else if (character === "]" && --depth === 0) return at;
    }
    return -1;
  }

  /** `<https://...>` or `<a@b.example>`; any other `<` is text, so HTML shows as what it is. */
  angledAddress() {
    const text = this.source.slice(this.at, this.at + LONGEST_ADDRESS);
    const match = /^<([a-z][a-z0-9+.-]{1,31}:[^\s<>]*)>/i.exec(text) ?? /^<([^\s<>@:/]+@[\w-]+(?:\.[\w-]+)+)>/.exec(text);
    const isMail = match && !match[1].includes(":");
    const address = match && this.links && safeAddress(isMail ? `mailto:${match[1]}` : match[1]);
    if (!match || !address) return false;
    this.pieces.push({ type: "link", address, children: [{ type: "text", text: match[1] }] });
    this.at += match[0].length;
    return true;
  }

  bareAddress() {
    if (!this.links || /[\p{L}\p{N}]/u.test(this.source[this.at - 1] ?? "")) return false;
    const text = this.source.slice(this.at, this.at + LONGEST_ADDRESS);
    const length = bareAddressLength(text);
    const address = length > 0 && safeAddress(text.slice(0, length));
    if (!address) return false;
    this.pieces.push({ type: "link", address, children: [{ type: "text", text: text.slice(0, length) }] });
    this.at += length;
    return true;
  }

  entity() {
    const match = /^&(?:(amp|lt|gt|quot|apos|nbsp)|#(\d{1,7})|#x([0-9a-f]{1,6}));/i.exec(
      this.source.slice(this.at, this.at + 12),
    );
    if (!match) return false;
    const [all, name, decimal, hex] = match;
    const point = decimal ? Number(decimal) : Number.parseInt(hex, 16);
    const bad = point === 0 || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff) || point === 0x202d || point === 0x202e;
    this.text(
      name
        ? (NAMED.get(name.toLowerCase()) as string)
        : bad
          ? "\ufffd"
          : String.fromCodePoint(point),
    );
    this.at += all.length;
    return true;
  }

  /** Two spaces before the line's end ask for a break; otherwise lines flow together. */
  lineBreak() {
    const last = this.pieces[this.pieces.length - 1];
    const hard = last?.type === "text" && last.text.endsWith("  ");
    if (last?.type === "text") last.text = last.text.trimEnd();
    this.pieces.push(hard ? { type: "break" } : { type: "text", text: "\n" });
    this.at += 1;
    while (this.source[this.at] === " ") this.at += 1;
    return true;
  }
}
