/** @typedef {import("./strings.js").Strings} Strings */

import { make } from "./dom.js";
import { icon } from "./icons.js";
import { explain } from "./problem.js";

/**
 * Say in plain words what went wrong, with the button that helps.
 * @param {unknown} error
 * @param {object} remedies
 * @param {() => void} remedies.retry
 * @param {() => void} [remedies.edit]
 * @param {string} remedies.signInUrl
 * @param {Strings} strings
 */
export function errorNotice(error, { retry, edit, signInUrl }, strings) {
  const { text, remedy } = explain(error, strings);
  return make(
    "div",
    { class: "chat-notice", role: "alert", "data-testid": "error" },
    icon("warning"),
    make("p", { dir: "auto" }, text),
    remedyControl(),
  );

  function remedyControl() {
    if (remedy === "retry") return button(strings.retry, "retry", retry);
    if (remedy === "edit" && edit) return button(strings.edit, "edit", edit);
    if (remedy === "reload") return button(strings.reload, "reload", () => location.reload());
    if (remedy !== "sign-in") return null;
    const next = encodeURIComponent(location.pathname + location.search + location.hash);
    const properties = {
      class: "chat-button",
      href: `${signInUrl}?next=${next}`,
      "data-testid": "sign-in-again",
    };
    return make("a", properties, strings.signIn);
  }
}

/** @param {string} label @param {string} testId @param {() => void} click */
function button(label, testId, click) {
  return make(
    "button",
    { type: "button", class: "chat-button", "data-testid": testId, on: { click } },
    label,
  );
}
