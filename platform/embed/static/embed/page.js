/** The members' chat page: puts the conversation on screen into the address, and closes the account menu. */

import { AtriumChat } from "./chat/atrium-chat.js";

const PREFIX = "#thread=";
const home = document.title;
const chat = /** @type {AtriumChat} */ (document.querySelector("atrium-chat"));

function threadInAddress() {
  return location.hash.startsWith(PREFIX) ? decodeURIComponent(location.hash.slice(PREFIX.length)) : null;
}

chat.addEventListener("atrium-chat-thread", (event) => {
  const { id, name, created } = /** @type {CustomEvent} */ (event).detail;
  document.title = id ? `${name} · ${home}` : home;
  if (id === threadInAddress()) return;
  const address = id ? PREFIX + encodeURIComponent(id) : location.pathname + location.search;
  // A first message turns the new conversation into a thread: the same place, not a step to go back from.
  if (created || !chat.dataset.ready) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
});

addEventListener("popstate", () => {
  if (chat.dataset.ready) chat.openThread(threadInAddress());
});

chat.dataset.thread = threadInAddress() ?? "";
const account = /** @type {HTMLDetailsElement|null} */ (chat.querySelector("[data-slot=account]"));
customElements.define("atrium-chat", AtriumChat);

document.addEventListener("click", (event) => {
  if (account?.open && !account.contains(/** @type {Node} */ (event.target))) account.open = false;
});
account?.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !account.open) return;
  account.open = false;
  account.querySelector("summary")?.focus();
  event.stopPropagation();
});
