import { partOfDay } from "./dates";
import { make } from "./dom";
import { mark } from "./icons";
import { t } from "./strings";
import type { ChatConfig } from "./types";

/** What stands where a conversation will be: a greeting, and questions to begin with. */
export function welcomeView(config: ChatConfig, starters: string[], ask: (text: string) => void): HTMLElement {
  const items = starters.map((each) => starter(each, ask));
  return make(
    "section",
    { class: "chat-welcome", "data-testid": "welcome" },
    mark(),
    make("h2", { dir: "auto" }, config.greeting || greetingFor(new Date(), config.userName ?? "")),
    make("p", {}, t("invitation")),
    items.length > 0 && make("ul", { class: "chat-starters", "aria-label": t("starters") }, ...items),
  );
}

function starter(text: string, ask: (text: string) => void): HTMLElement {
  const on = { click: () => ask(text) };
  const properties = { type: "button", class: "chat-starter", dir: "auto", "data-testid": "starter", on };
  return make("li", {}, make("button", properties, text));
}

function greetingFor(now: Date, userName: string): string {
  const name = userName.split(" ")[0];
  return name ? t(`greeting.name.${partOfDay(now)}`, { name }) : t(`greeting.${partOfDay(now)}`);
}
