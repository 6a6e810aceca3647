/** The members' chat page: puts the conversation on screen into the address, and closes the account menu. */

import { cookie } from "./chat/api";
import { theChatElement } from "./chat/atrium-chat";
import { type Language, sayNothingLoaded, speak } from "./chat/language";
import { t } from "./chat/strings";
import { ALL_FEATURES, type ChatConfig } from "./chat/types";

/** What the page's JSON script says. */
interface PageConfig {
  apiBase: string;
  /** name of the cookie whose value goes into X-CSRFToken */
  csrfCookie: string;
  signInUrl: string;
  userName: string;
  tenantName: string;
  language: Language;
}

const PREFIX = "#thread=";
const home = document.title;
const element = theChatElement();

function pageConfig(): PageConfig {
  return JSON.parse(document.getElementById("chat-config")?.textContent ?? "");
}

function chatConfig({ apiBase, csrfCookie, signInUrl, userName }: PageConfig): ChatConfig {
  return {
    apiBase,
    signInUrl,
    userName,
    starters: [t("starter.about"), t("starter.overview"), t("starter.begin")],
    proof: async () => ({ "X-CSRFToken": cookie(csrfCookie) }),
    mode: "member",
    locale: document.documentElement.lang || "en",
    features: ALL_FEATURES,
  };
}

/** The few words of the page around the chat. */
function translatePage({ tenantName }: PageConfig) {
  element.querySelector("[data-slot=brand]")?.setAttribute("aria-label", t("page.home", { name: tenantName }));
  const words = { "console-link": t("page.console"), "sign-out": t("page.signOut") };
  for (const [name, text] of Object.entries(words))
    element.querySelector(`[data-testid=${name}]`)?.replaceChildren(text);
}

function threadInAddress(): string | null {
  return location.hash.startsWith(PREFIX) ? decodeURIComponent(location.hash.slice(PREFIX.length)) : null;
}

element.addEventListener("atrium-chat-thread", (event) => {
  const { id, name, created } = (event as CustomEvent).detail;
  document.title = id ? `${name} · ${home}` : home;
  if (id === threadInAddress()) return;
  const address = id ? PREFIX + encodeURIComponent(id) : location.pathname + location.search;
  // A first message turns the new conversation into a thread: the same place, not a step to go back from.
  if (created || !element.dataset.ready) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
});

addEventListener("popstate", () => {
  if (element.dataset.ready) element.chat?.openThread(threadInAddress());
});

const account = element.querySelector<HTMLDetailsElement>("[data-slot=account]");
const config = pageConfig();
speak(config.language).then(
  () => {
    translatePage(config);
    element.begin(chatConfig(config), threadInAddress());
  },
  () => sayNothingLoaded(element, null),
);

document.addEventListener("click", (event) => {
  if (account?.open && !account.contains(event.target as Node)) account.open = false;
});
account?.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !account.open) return;
  account.open = false;
  account.querySelector("summary")?.focus();
  event.stopPropagation();
});
