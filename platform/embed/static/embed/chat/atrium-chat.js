import { Chat } from "./chat.js";

/**
 * `<atrium-chat data-config="id of a JSON script">`: the whole chat. `data-thread` names the thread to begin
 * with; children with `data-slot="brand"` and `data-slot="account"` go above and below the list of
 * conversations.
 *
 * Sends `atrium-chat-thread` with `{ id, name, created }` when another conversation is on screen; carries
 * `data-ready` once it has loaded.
 */
export class AtriumChat extends HTMLElement {
  connectedCallback() {
    if (this.chat) return; // moved within the page
    this.chat = new Chat(this, readConfig(this.dataset.config ?? ""));
    void this.chat.start(this.dataset.thread || null);
  }

  /** @param {string|null} id null begins a new conversation */
  openThread(id) {
    this.chat?.openThread(id);
  }
}

/** @param {string} id of a `<script type="application/json">` @returns {import("./types.js").ChatConfig} */
function readConfig(id) {
  const script = document.getElementById(id);
  if (!script?.textContent) throw new Error(`<atrium-chat>: there is no JSON script with the id "${id}"`);
  return JSON.parse(script.textContent);
}
