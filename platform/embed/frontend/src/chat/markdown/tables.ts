import type { Align, Block, Place } from "./blocks";

const MOST_COLUMNS = 40;
const MOST_ROWS = 500;

/** Whether a header row and, below it, a row of dashes with as many cells stand here. */
export function startsTable(lines: string[], at: number) {
  const next = lines[at + 1];
  if (!next || !lines[at].includes("|") || !/^[ |:-]+$/.test(next) || !next.includes("-")) return false;
  const dashes = cellsOf(next);
  if (!dashes.every((cell) => /^:?-+:?$/.test(cell))) return false;
  return dashes.length === cellsOf(lines[at]).length && dashes.length <= MOST_COLUMNS;
}

export function readTable(lines: string[], start: number, { room }: Place): Block {
  const head = cellsOf(lines[start]);
  const align = cellsOf(lines[start + 1]).map(alignOf);
  const rows = [];
  let end = start + 2;
  while (end < lines.length && rows.length < MOST_ROWS && room.left > 0 && lines[end].includes("|")) {
    room.left -= head.length; // a row that names none of them has them all the same
    const cells = cellsOf(lines[end]);
    rows.push(head.map((_name, column) => cells[column] ?? ""));
    end += 1;
  }
  return { type: "table", align, head, rows, start, end };
}

function alignOf(dashes: string): Align {
  if (dashes.endsWith(":")) return dashes.startsWith(":") ? "center" : "right";
  return dashes.startsWith(":") ? "left" : "";
}

/** Cut a row at its bars; a bar after a backslash or inside of code is part of a cell. */
function cellsOf(line: string): string[] {
  const row = line.trim().replace(/^\|/, "");
  const cells = [];
  let cell = "";
  let inCode = false;
  for (let at = 0; at < row.length; at += 1) {
    const character = row[at];
    if (character === "\\" && row[at + 1] === "|") {
      cell += "|";
      at += 1;
    } else if (character === "|" && !inCode) {
      cells.push(cell.trim());
      cell = "";
    } else {
      if (character === "`") inCode = !inCode && row.includes("`", at + 1);
      cell += character;
    }
  }
  if (cell.trim()) cells.push(cell.trim());
  return cells;
}
