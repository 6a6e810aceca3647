const CHANNEL = "atrium-chat";

/** Tells the other tabs of this browser that something happened in a thread, and hears it from them. */
export class Tabs {
  /** @param {(threadId: string) => void} heard */
  constructor(heard) {
    this.channel = "BroadcastChannel" in globalThis ? new BroadcastChannel(CHANNEL) : null;
    this.channel?.addEventListener("message", ({ data }) => {
      if (typeof data?.thread === "string") heard(data.thread);
    });
  }

  /** @param {string|undefined} threadId */
  tell(threadId) {
    if (threadId) this.channel?.postMessage({ thread: threadId });
  }
}
