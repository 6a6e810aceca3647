import type { Widget } from "./widget";

const METHODS = ["open", "close", "identify", "logout", "on", "ask"] as const;

export type Method = (typeof METHODS)[number];
type Call = [Method, ...unknown[]];

/** The global `Atrium`: the first chat of the page, and the way to the others. */
export interface Atrium extends Record<Method, (...values: any[]) => unknown> {
  /** What pages call before the script is there: `(window.Atrium ||= []).push(["open"])`. */
  push(...calls: Call[]): void;
  /** The chat of a site's key. */
  get(site: string): Widget | undefined;
  add(widget: Widget): void;
}

/** The page's `Atrium`: the one that an earlier script has made, or a new one that does what was asked before. */
export function atriumOf(page: Window & { Atrium?: unknown }): Atrium {
  const before = page.Atrium as Partial<Atrium> | Call[] | undefined; // or an element with that id
  if (before && "add" in before) return before as Atrium;
  const widgets: Widget[] = [];
  const waiting: Call[] = [];
  const call = ([method, ...values]: Call): unknown => {
    if (!METHODS.includes(method)) return console.error(`Atrium has no ${method}()`);
    if (!widgets[0]) return void waiting.push([method, ...values]);
    return (widgets[0][method] as (...values: any[]) => unknown)(...values);
  };
  const atrium = {
    push: (...calls: Call[]) => calls.forEach(call),
    get: (site: string) => widgets.find((widget) => widget.site === site),
    add: (widget: Widget) => {
      widgets.push(widget);
      if (widgets.length === 1) waiting.splice(0).forEach(call);
    },
  } as Atrium;
  for (const method of METHODS) atrium[method] = (...values) => call([method, ...values]);
  page.Atrium = atrium;
  if (Array.isArray(before)) before.forEach(call);
  return atrium;
}
