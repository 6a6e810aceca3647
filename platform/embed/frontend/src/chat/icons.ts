const SVG = "http://www.w3.org/2000/svg";

/** Outlines on a grid of 20, drawn with a stroke in the current colour. */
const OUTLINES = {
  add: ["M10 4v12M4 10h12"],
  again: ["M15.5 6.2A6.5 6.5 0 1 0 16.5 10M16 2.8v3.7h-3.7"],
  check: ["m5 10.5 3.3 3.3L15 6.6"],
  close: ["m5 5 10 10M15 5 5 15"],
  copy: ["M7.5 7.5H16V16H7.5zM4 12.5V4h8.5"],
  down: ["M10 4v12M5 11l5 5 5-5"],
  left: ["m12 5-5 5 5 5"],
  menu: ["M3 6h14M3 10h10M3 14h14"],
  pencil: ["M4 16l.8-3.4L13.2 4.2a1.6 1.6 0 0 1 2.3 0l.3.3a1.6 1.6 0 0 1 0 2.3L7.4 15.2 4 16z"],
  right: ["m8 5 5 5-5 5"],
  send: ["M10 16V4M5 9l5-5 5 5"],
  stop: ["M6.5 6.5h7v7h-7z"],
  thumb: ["M6.5 9v7.5h-3V9zM6.5 9l3-6c1.2 0 2 .8 2 2v3h3.9a1.6 1.6 0 0 1 1.6 1.9l-1 5.1a1.9 1.9 0 0 1-1.8 1.5H6.5"],
  tool: ["M12.8 7.2 16 4a4 4 0 0 1-5.3 5.3l-5.5 5.5-1.9-1.9 5.5-5.5A4 4 0 0 1 14 2"],
  trash: ["M4 6h12M8 6V4h4v2M5.5 6l.7 10h7.6l.7-10M8.5 9v4.5M11.5 9v4.5"],
  warning: ["M10 3.5 17.5 16.5H2.5zM10 8.5v3.5M10 14.2v.1"],
};

export type IconName = keyof typeof OUTLINES;

/** A decorative icon, hidden from assistive technology: the button around it carries the label. */
export function icon(name: IconName) {
  const svg = picture("0 0 20 20", "chat-icon");
  for (const outline of OUTLINES[name]) svg.append(shape(outline));
  return svg;
}

/** Atrium's mark: an arch inside an arch. */
export function mark() {
  const svg = picture("0 0 32 32", "chat-mark");
  const outer = shape("M5.5 28.5V16a10.5 10.5 0 0 1 21 0v12.5");
  outer.setAttribute("class", "chat-mark-outer");
  const inner = shape("M11.5 30V16a4.5 4.5 0 0 1 9 0v14z");
  inner.setAttribute("class", "chat-mark-inner");
  svg.append(outer, inner);
  return svg;
}

function picture(box: string, name: string) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", box);
  svg.setAttribute("class", name);
  svg.setAttribute("aria-hidden", "true");
  return svg;
}

function shape(outline: string) {
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", outline);
  return path;
}
