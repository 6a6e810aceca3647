/**
 * @typedef {import("./types.js").Thread} Thread
 * @typedef {import("./strings.js").Strings} Strings
 *
 * @typedef {object} ThreadActions
 * @property {(thread: Thread) => void} select
 * @property {(thread: Thread, name: string) => void} rename
 * @property {(thread: Thread) => void} remove
 */

import { make } from "./dom.js";
import { icon } from "./icons.js";

const LONGEST_NAME = 255;

/**
 * One conversation in the list: its name, and buttons to rename and to delete it.
 * @param {Thread} thread
 * @param {boolean} current
 * @param {ThreadActions} actions
 * @param {Strings} strings
 */
export function threadItem(thread, current, actions, strings) {
  const name = thread.name || strings.untitled;
  const select = make(
    "button",
    {
      type: "button",
      class: "chat-thread-name",
      title: name,
      dir: "auto",
      "aria-current": current ? "true" : undefined,
      "data-testid": "thread",
      on: { click: () => actions.select(thread) },
    },
    name,
  );
  const rename = iconButton("pencil", strings.rename(name), "thread-rename", () =>
    editName(item, thread, actions, strings),
  );
  const remove = iconButton("trash", strings.remove(name), "thread-delete", () => actions.remove(thread));
  const item = make("li", { class: "chat-thread", "data-thread": thread.id }, select, rename, remove);
  return item;
}

/**
 * @param {import("./icons.js").IconName} picture
 * @param {string} label
 * @param {string} testId
 * @param {() => void} click
 */
export function iconButton(picture, label, testId, click) {
  const properties = {
    type: "button",
    class: "chat-icon-button",
    title: label,
    "aria-label": label,
    "data-testid": testId,
  };
  return make("button", { ...properties, on: { click } }, icon(picture));
}

/**
 * Put a field in the item's place: Enter keeps the new name, Escape or leaving the field unchanged keeps the
 * old one.
 * @param {HTMLElement} item
 * @param {Thread} thread
 * @param {ThreadActions} actions
 * @param {Strings} strings
 */
function editName(item, thread, actions, strings) {
  const before = [...item.childNodes];
  let open = true;
  const finish = (/** @type {boolean} */ keep) => {
    if (!open) return;
    open = false;
    const name = field.value.trim();
    item.replaceChildren(...before);
    /** @type {HTMLElement|null} */ (item.querySelector("[data-testid=thread-rename]"))?.focus();
    if (keep && name && name !== thread.name) actions.rename(thread, name);
  };
  const field = make("input", {
    class: "chat-thread-field",
    value: thread.name,
    maxLength: LONGEST_NAME,
    dir: "auto",
    "aria-label": strings.renameLabel,
    "data-testid": "thread-name-field",
    on: {
      blur: () => finish(true),
      keydown: (/** @type {KeyboardEvent} */ event) => {
        if (event.isComposing || !["Enter", "Escape"].includes(event.key)) return;
        event.preventDefault();
        event.stopPropagation();
        finish(event.key === "Enter");
      },
    },
  });
  item.replaceChildren(field);
  field.focus();
  field.select();
}
