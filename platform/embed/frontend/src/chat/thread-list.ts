import type { ApiClient } from "./api";
import { confirmInDialog } from "./confirm-dialog";
import { type Period, periodOf } from "./dates";
import { make } from "./dom";
import { icon } from "./icons";
import { errorNotice } from "./notice";
import { t } from "./strings";
import { iconButton, threadItem } from "./thread-item";
import type { ChatConfig, Thread } from "./types";

export interface ThreadListEvents {
  create: () => void;
  select: (thread: Thread) => void;
  renamed: (thread: Thread) => void;
  removed: (thread: Thread) => void;
  /** of the drawer that the list is on a narrow screen */
  close: () => void;
}

/** The conversations, newest first, grouped by when they were last used. */
export class ThreadList {
  api: ApiClient;
  config: ChatConfig;
  events: ThreadListEvents;
  threads: Thread[] = [];
  current: string | null = null;
  list: HTMLDivElement;
  create: HTMLButtonElement;
  close: HTMLButtonElement;
  element: HTMLElement;

  constructor({ api, config, slots, events }: {
    api: ApiClient;
    config: ChatConfig;
    /** what the page puts above and below the list */
    slots: Record<"brand" | "account", Element | null>;
    events: ThreadListEvents;
  }) {
    this.api = api;
    this.config = config;
    this.events = events;
    this.list = make("div", { class: "chat-threads-list", "data-testid": "thread-list" });
    this.create = make(
      "button",
      {
        type: "button",
        class: "chat-threads-new",
        "data-testid": "new-thread",
        on: { click: () => events.create() },
      },
      icon("add"),
      t("newConversation"),
    );
    this.close = iconButton("close", t("closeConversations"), "close-threads", () => events.close());
    this.close.classList.add("chat-threads-close");
    this.element = make(
      "nav",
      { class: "chat-threads", "aria-label": t("conversations"), "data-testid": "threads" },
      make("div", { class: "chat-threads-top" }, slots.brand, this.close),
      this.create,
      this.list,
      slots.account,
    );
  }

  async load() {
    this.threads = await this.api.threads();
    this.render();
  }

  /** The order, and names that the server gave, change with an answer. */
  async refresh() {
    try {
      await this.load();
    } catch {
      // The list on screen is still right enough; the next call will say what is wrong.
    }
  }

  find(id: string | null): Thread | null {
    return this.threads.find((thread) => thread.id === id) ?? null;
  }

  /** @param thread that was just created */
  add(thread: Thread) {
    this.threads = [thread, ...this.threads];
    this.render();
  }

  /** @param id of the conversation on screen; null for a new one */
  mark(id: string | null) {
    this.current = id;
    this.render();
  }

  async rename(thread: Thread, name: string) {
    try {
      await this.api.renameThread(thread.id, name);
      thread.name = name;
      this.render();
      this.events.renamed(thread);
    } catch (error) {
      this.complain(error, () => void this.rename(thread, name));
    }
  }

  async remove(thread: Thread) {
    const text = t("removeText", { name: thread.name || t("untitled") });
    const words = {
      title: t("removeTitle"),
      text,
      confirm: t("removeConfirm"),
      cancel: t("cancel"),
    };
    if (!(await confirmInDialog(this.element, words))) return;
    try {
      await this.api.deleteThread(thread.id);
      this.threads = this.threads.filter(({ id }) => id !== thread.id);
      this.render();
      this.create.focus();
      this.events.removed(thread);
    } catch (error) {
      this.complain(error, () => void this.remove(thread));
    }
  }

  /** Say at the top of the list what did not work. */
  complain(error: unknown, retry: () => void) {
    const again = () => {
      this.render();
      retry();
    };
    this.list.prepend(errorNotice(error, { retry: again, signInUrl: this.config.signInUrl }));
  }

  render() {
    // A name is being edited: the next change shows the list anew.
    if (this.list.querySelector("input")) return;
    const focused = this.focusedControl();
    const nothing = () => make("p", { class: "chat-threads-nothing" }, t("noConversations"));
    this.list.replaceChildren(...(this.threads.length ? this.groups() : [nothing()]));
    if (focused) (this.list.querySelector(focused) as HTMLElement | null)?.focus();
  }

  /** Rendering must not take the focus from someone who is in the list. */
  focusedControl() {
    const { activeElement } = document;
    if (!activeElement || !this.list.contains(activeElement)) return null;
    const id = activeElement.closest("[data-thread]")?.getAttribute("data-thread") ?? "";
    return `[data-thread="${CSS.escape(id)}"] [data-testid="${activeElement.getAttribute("data-testid")}"]`;
  }

  groups() {
    const now = new Date();
    const periods: Map<Period, Thread[]> = new Map();
    for (const thread of this.threads) {
      const period = periodOf(new Date(thread.updated_at || thread.created_at), now);
      periods.set(period, [...(periods.get(period) ?? []), thread]);
    }
    return [...periods].map(([period, threads]) => this.group(period, threads));
  }

  group(period: Period, threads: Thread[]) {
    const id = `chat-threads-${period}`;
    const { features } = this.config;
    const actions = {
      select: this.events.select,
      rename: features.rename && ((thread: Thread, name: string) => void this.rename(thread, name)),
      remove: features.remove && ((thread: Thread) => void this.remove(thread)),
    };
    const items = threads.map((thread) => threadItem(thread, thread.id === this.current, actions));
    const heading = make("h2", { id }, t(period));
    return make(
      "section",
      { class: "chat-threads-group" },
      heading,
      make("ul", { "aria-labelledby": id }, ...items),
    );
  }
}
