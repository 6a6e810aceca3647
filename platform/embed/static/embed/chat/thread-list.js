/**
 * @typedef {import("./types.js").Thread} Thread
 * @typedef {import("./dates.js").Period} Period
 * @typedef {import("./strings.js").Strings} Strings
 *
 * @typedef {object} ThreadListEvents
 * @property {() => void} create
 * @property {(thread: Thread) => void} select
 * @property {(thread: Thread) => void} renamed
 * @property {(thread: Thread) => void} removed
 * @property {() => void} close   of the drawer that the list is on a narrow screen
 */

import { confirmInDialog } from "./confirm-dialog.js";
import { periodOf } from "./dates.js";
import { make } from "./dom.js";
import { icon } from "./icons.js";
import { errorNotice } from "./notice.js";
import { iconButton, threadItem } from "./thread-item.js";

/** The conversations, newest first, grouped by when they were last used. */
export class ThreadList {
  /**
   * @param {object} options
   * @param {import("./api.js").ApiClient} options.api
   * @param {Strings} options.strings
   * @param {string} options.signInUrl
   * @param {{ brand: Element|null, account: Element|null }} options.slots what the page puts above and below
   *   the list
   * @param {ThreadListEvents} options.events
   */
  constructor({ api, strings, signInUrl, slots, events }) {
    this.api = api;
    this.strings = strings;
    this.signInUrl = signInUrl;
    this.events = events;
    /** @type {Thread[]} */
    this.threads = [];
    /** @type {string|null} */
    this.current = null;
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
      strings.newConversation,
    );
    this.close = iconButton("close", strings.closeConversations, "close-threads", () => events.close());
    this.close.classList.add("chat-threads-close");
    this.element = make(
      "nav",
      { class: "chat-threads", "aria-label": strings.conversations, "data-testid": "threads" },
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

  /** @param {string|null} id @returns {Thread|null} */
  find(id) {
    return this.threads.find((thread) => thread.id === id) ?? null;
  }

  /** @param {Thread} thread that was just created */
  add(thread) {
    this.threads = [thread, ...this.threads];
    this.render();
  }

  /** @param {string|null} id of the conversation on screen; null for a new one */
  mark(id) {
    this.current = id;
    this.render();
  }

  /** @param {Thread} thread @param {string} name */
  async rename(thread, name) {
    try {
      await this.api.renameThread(thread.id, name);
      thread.name = name;
      this.render();
      this.events.renamed(thread);
    } catch (error) {
      this.complain(error, () => void this.rename(thread, name));
    }
  }

  /** @param {Thread} thread */
  async remove(thread) {
    const { strings } = this;
    const text = strings.removeText(thread.name || strings.untitled);
    const words = {
      title: strings.removeTitle,
      text,
      confirm: strings.removeConfirm,
      cancel: strings.cancel,
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

  /** Say at the top of the list what did not work. @param {unknown} error @param {() => void} retry */
  complain(error, retry) {
    const again = () => {
      this.render();
      retry();
    };
    this.list.prepend(errorNotice(error, { retry: again, signInUrl: this.signInUrl }, this.strings));
  }

  render() {
    // A name is being edited: the next change shows the list anew.
    if (this.list.querySelector("input")) return;
    const focused = this.focusedControl();
    const nothing = () => make("p", { class: "chat-threads-nothing" }, this.strings.noConversations);
    this.list.replaceChildren(...(this.threads.length ? this.groups() : [nothing()]));
    if (focused) /** @type {HTMLElement|null} */ (this.list.querySelector(focused))?.focus();
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
    /** @type {Map<Period, Thread[]>} */
    const periods = new Map();
    for (const thread of this.threads) {
      const period = periodOf(new Date(thread.updated_at || thread.created_at), now);
      periods.set(period, [...(periods.get(period) ?? []), thread]);
    }
    return [...periods].map(([period, threads]) => this.group(period, threads));
  }

  /** @param {Period} period @param {Thread[]} threads */
  group(period, threads) {
    const id = `chat-threads-${period}`;
    const actions = {
      select: this.events.select,
      rename: (/** @type {Thread} */ thread, /** @type {string} */ name) => void this.rename(thread, name),
      remove: (/** @type {Thread} */ thread) => void this.remove(thread),
    };
    const items = threads.map((thread) =>
      threadItem(thread, thread.id === this.current, actions, this.strings),
    );
    const heading = make("h2", { id }, this.strings[period]);
    return make(
      "section",
      { class: "chat-threads-group" },
      heading,
      make("ul", { "aria-labelledby": id }, ...items),
    );
  }
}
