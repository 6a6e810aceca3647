const CHANNEL = "atrium-chat";

/** Tells the other tabs of this browser that something happened in a thread, and hears it from them. */
export class Tabs {
  channel: BroadcastChannel | null;

  constructor(heard: (threadId: string) => void) {
    this.channel = "BroadcastChannel" in globalThis ? new BroadcastChannel(CHANNEL) : null;
    this.channel?.addEventListener("message", ({ data }) => {
      if (typeof data?.thread === "string") heard(data.thread);
    });
  }

  tell(threadId: string | undefined) {
    if (threadId) this.channel?.postMessage({ thread: threadId });
  }

  close() {
    this.channel?.close();
  }
}
