import { make } from "./dom";
import { type IconName, icon } from "./icons";
import { t } from "./strings";
import type { Thread } from "./types";

export interface ThreadActions {
  select: (thread: Thread) => void;
  /** false where it cannot be done */
  rename: false | ((thread: Thread, name: string) => void);
  remove: false | ((thread: Thread) => void);
}

const LONGEST_NAME = 255;

/** One conversation in the list: its name, and buttons to rename and to delete it. */
export function threadItem(thread: Thread, current: boolean, actions: ThreadActions) {
  const name = thread.name || t("untitled");
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
  const { rename, remove } = actions;
  const pencil =
    rename && iconButton("pencil", t("rename", { name }), "thread-rename", () => editName(item, thread, rename));
  const trash = remove && iconButton("trash", t("remove", { name }), "thread-delete", () => remove(thread));
  const item: HTMLElement = make("li", { class: "chat-thread", "data-thread": thread.id }, select, pencil, trash);
  return item;
}

export function iconButton(picture: IconName, label: string, testId: string, click: () => void) {
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
 */
function editName(item: HTMLElement, thread: Thread, rename: (thread: Thread, name: string) => void) {
  const before = [...item.childNodes];
  let open = true;
  const finish = (keep: boolean) => {
    if (!open) return;
    open = false;
    const name = field.value.trim();
    item.replaceChildren(...before);
    (item.querySelector("[data-testid=thread-rename]") as HTMLElement | null)?.focus();
    if (keep && name && name !== thread.name) rename(thread, name);
  };
  const field = make("input", {
    class: "chat-thread-field",
    value: thread.name,
    maxLength: LONGEST_NAME,
    dir: "auto",
    "aria-label": t("renameLabel"),
    "data-testid": "thread-name-field",
    on: {
      blur: () => finish(true),
      keydown: (event: KeyboardEvent) => {
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
