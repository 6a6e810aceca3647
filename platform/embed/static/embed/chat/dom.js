/**
 * Make an element. Texts become text nodes, so nothing that is passed here is ever read as HTML.
 *
 * `properties` whose names start with "aria-" or "data-", and "role", are attributes; "on" is an object of
 * listeners; "class" is the class attribute; anything else is set as a property of the element.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, any>} [properties]
 * @param {...(Node|string|null|undefined|false)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") listen(element, value);
    else if (name === "class") element.className = value;
    else if (/^(aria-|data-)|^(role|for|enterkeyhint)$/.test(name)) element.setAttribute(name, String(value));
    else /** @type {any} */ (element)[name] = value;
  }
  element.append(.../** @type {(Node|string)[]} */ (children.filter((child) => child || child === "")));
  return element;
}

/**
 * @param {HTMLElement} element
 * @param {Record<string, (event: any) => void>} listeners
 */
function listen(element, listeners) {
  for (const [type, listener] of Object.entries(listeners)) element.addEventListener(type, listener);
}

/** @param {string} [label] @param {...(Node|string)} children */
export function unseen(label, ...children) {
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
