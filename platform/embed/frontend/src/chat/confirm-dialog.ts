import { make } from "./dom";

/**
 * Ask before something that cannot be undone. The element is a modal dialog: focus is kept inside, Escape
 * answers no, and focus goes back to where it was.
 * @param home where the dialog is put while it is open
 */
export function confirmInDialog(
  home: HTMLElement,
  { title, text, confirm, cancel }: Record<"title" | "text" | "confirm" | "cancel", string>,
): Promise<boolean> {
  return new Promise((resolve) => {
    const answer = (yes: boolean) => () => dialog.close(yes ? "yes" : "no");
    const button = { type: "button", class: "chat-button" };
    const dialog = make(
      "dialog",
      {
        class: "chat-confirm",
        role: "alertdialog",
        "aria-labelledby": "chat-confirm-title",
        "aria-describedby": "chat-confirm-text",
        "data-testid": "confirm-dialog",
      },
      make("h2", { id: "chat-confirm-title" }, title),
      make("p", { id: "chat-confirm-text" }, text),
      make(
        "div",
        { class: "chat-confirm-actions" },
        make(
          "button",
          { ...button, on: { click: answer(false) }, autofocus: true, "data-testid": "confirm-no" },
          cancel,
        ),
        make(
          "button",
          {
            ...button,
            class: "chat-button chat-button-danger",
            on: { click: answer(true) },
            "data-testid": "confirm-yes",
          },
          confirm,
        ),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    home.append(dialog);
    dialog.showModal();
  });
}
