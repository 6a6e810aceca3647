import { make } from "./dom";
import { icon } from "./icons";
import { t } from "./strings";
import { iconButton } from "./thread-item";

const SAID_MS = 2_000; // how long the button says that it has copied

/** Copies a text, and says so. */
export function copyButton(text: () => string): HTMLElement {
  const status = make("span", { class: "chat-unseen", role: "status" });
  const button = iconButton("copy", t("copy"), "copy", async () => {
    if (!(await copied(text()))) return;
    show(t("copied"), "check");
    setTimeout(() => show("", "copy"), SAID_MS);
  });
  const show = (said: string, picture: "check" | "copy") => {
    status.textContent = said;
    button.replaceChildren(icon(picture));
  };
  return make("span", {}, button, status);
}

/** A frame in another's page may not have the clipboard: there the browser's older way is left. */
async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copiedFromField(text);
  }
}

function copiedFromField(text: string): boolean {
  const focused = document.activeElement as HTMLElement | null;
  const field = make("textarea", { class: "chat-unseen", value: text, "aria-hidden": "true" });
  document.body.append(field);
  field.select();
  try {
    return document.execCommand("copy");
  } finally {
    field.remove();
    focused?.focus({ preventScroll: true });
  }
}
