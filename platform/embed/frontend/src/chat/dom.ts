/**
 * Make an element. Texts become text nodes, so nothing that is passed here is ever read as HTML.
 *
 * `properties` whose names start with "aria-" or "data-", and "role", are attributes; "on" is an object of
 * listeners; "class" is the class attribute; anything else is set as a property of the element.
 */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Record<string, any> = {},
  ...children: (Node | string | null | undefined | false)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") listen(element, value);
    else if (name === "class") element.className = value;
    else if (/^(aria-|data-)|^(role|for|enterkeyhint)$/.test(name)) element.setAttribute(name, String(value));
    else (element as any)[name] = value;
  }
  element.append(...(children.filter((child) => child || child === "") as (Node | string)[]));
  return element;
}

function listen(element: HTMLElement, listeners: Record<string, (event: any) => void>) {
  for (const [type, listener] of Object.entries(listeners)) element.addEventListener(type, listener);
}

export function unseen(label?: string, ...children: (Node | string)[]) {
  return make("span", { class: "chat-unseen" }, label, ...children);
}

/** True when the reader asked the system for less motion. */
export function wantsLessMotion() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** There the focus in a field would open the keyboard over half of the conversation. */
export function isTouchScreen() {
  return matchMedia("(pointer: coarse)").matches;
}
