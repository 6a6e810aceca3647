/**
 * @typedef {import("./types.js").ChatConfig} ChatConfig
 * @typedef {import("./strings.js").Strings} Strings
 */

import { partOfDay } from "./dates.js";
import { make } from "./dom.js";
import { mark } from "./icons.js";

/**
 * What stands where a conversation will be: a greeting, and questions to begin with.
 * @param {ChatConfig} config
 * @param {(text: string) => void} ask
 * @param {Strings} strings
 */
export function welcomeView(config, ask, strings) {
  const starters = config.starters.map((text) =>
    make(
      "li",
      {},
      make(
        "button",
        {
          type: "button",
          class: "chat-starter",
          dir: "auto",
          "data-testid": "starter",
          on: { click: () => ask(text) },
        },
        text,
      ),
    ),
  );
  const firstName = config.userName.split(" ")[0];
  return make(
    "section",
    { class: "chat-welcome", "data-testid": "welcome" },
    mark(),
    make("h2", { dir: "auto" }, strings.greeting(strings[partOfDay(new Date())], firstName)),
    make("p", {}, strings.invitation),
    starters.length > 0 &&
      make("ul", { class: "chat-starters", "aria-label": strings.starters }, ...starters),
  );
}
