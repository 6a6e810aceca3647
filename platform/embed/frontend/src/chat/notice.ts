import { make } from "./dom";
import { icon } from "./icons";
import { explain, isHelpless } from "./problem";
import { t } from "./strings";

/** Say in plain words what went wrong, with the button that helps. */
export function errorNotice(error: unknown, { retry, edit, signInUrl, fallback }: {
  retry: () => void;
  edit?: () => void;
  signInUrl?: string;
  /** where to turn to instead, for what the reader can do nothing about */
  fallback?: string;
}) {
  const { text, remedy } = signInUrl ? explain(error) : withoutSignIn(explain(error));
  return make(
    "div",
    { class: "chat-notice", role: "alert", "data-testid": "error" },
    icon("warning"),
    make("p", { dir: "auto" }, text),
    remedyControl(),
    fallback && isHelpless(error) && make("p", { class: "chat-fallback", dir: "auto", "data-testid": "fallback" }, fallback),
  );

  function remedyControl() {
    if (remedy === "retry") return button(t("retry"), "retry", retry);
    if (remedy === "edit" && edit) return button(t("edit"), "edit", edit);
    if (remedy === "reload") return button(t("reload"), "reload", () => location.reload());
    if (remedy !== "sign-in") return null;
    const next = encodeURIComponent(location.pathname + location.search + location.hash);
    const properties = { class: "chat-button", href: `${signInUrl}?next=${next}`, "data-testid": "sign-in-again" };
    return make("a", properties, t("signIn"));
  }
}

/** A visitor has nowhere to sign in: a page that is loaded anew begins a new session. */
function withoutSignIn(explained: ReturnType<typeof explain>): ReturnType<typeof explain> {
  return explained.remedy === "sign-in" ? { text: t("error.session_over"), remedy: "reload" } : explained;
}

function button(label: string, testId: string, click: () => void) {
  return make(
    "button",
    { type: "button", class: "chat-button", "data-testid": testId, on: { click } },
    label,
  );
}
