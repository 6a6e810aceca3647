/** What stands on the button, by the name that a site's look has for it: paths in a square of 24. */
export const ICONS: Record<string, string> = {
  chat: "M4 5h16v11H11l-5 4v-4H4z",
  question: "M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.4M12 18v.01",
  spark: "M12 3l2.2 6.8L21 12l-6.8 2.2L12 21l-2.2-6.8L3 12l6.8-2.2z",
  headset: "M4 15v-3a8 8 0 0 1 16 0v3M4 14h3v5H4zM17 14h3v5h-3zM20 19c0 2-3 2-5 2",
  arch: "M5 21V12a7 7 0 0 1 14 0v9M9.5 21v-8a2.5 2.5 0 0 1 5 0v8",
  close: "M6 6l12 12M18 6L6 18",
};

const SVG = "http://www.w3.org/2000/svg";

/** An icon that screen readers pass over. Made by hand: pages with Trusted Types take no HTML. */
export function icon(name: string): SVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = svg.appendChild(document.createElementNS(SVG, "path"));
  path.setAttribute("d", ICONS[name] ?? ICONS.chat!);
  return svg;
}
