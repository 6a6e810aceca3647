import { Chat } from "./chat";
import type { ChatConfig } from "./types";

/**
 * `<atrium-chat>`: the whole chat. Children with `data-slot="brand"` and `data-slot="account"` go above and below the
 * list of conversations. Its events are those of `Chat`.
 */
export class AtriumChat extends HTMLElement {
  chat: Chat | null = null;

  /** @param threadId the conversation to begin with; null for a new one */
  begin(config: ChatConfig, threadId: string | null = null): Chat {
    this.chat?.destroy();
    this.chat = new Chat(this, config);
    void this.chat.start(threadId);
    return this.chat;
  }
}

/** The element of this name in the page, which is one from now on. Raises an Error where there is none. */
export function theChatElement(): AtriumChat {
  customElements.define("atrium-chat", AtriumChat);
  const element = document.querySelector("atrium-chat");
  if (!(element instanceof AtriumChat)) throw new Error("There is no <atrium-chat> in this page.");
  return element;
}
