/**
 * @typedef {import("./types.js").ChatConfig} ChatConfig
 * @typedef {import("./types.js").Thread} Thread
 */

import { ApiClient, cookie } from "./api.js";
import { AssistantPicker } from "./assistant-picker.js";
import { CitationsPanel } from "./citations-panel.js";
import { Composer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { isTouchScreen, make } from "./dom.js";
import { Drawer } from "./drawer.js";
import { stageView } from "./layout.js";
import { errorNotice } from "./notice.js";
import { StickyScroll } from "./sticky-scroll.js";
import { english } from "./strings.js";
import { Tabs } from "./tabs.js";
import { ThreadList } from "./thread-list.js";
import { welcomeView } from "./welcome.js";

/** Puts the parts together: which conversation is on screen, and what the others have to know of it. */
export class Chat {
  /** @param {HTMLElement} host the element that the chat fills @param {ChatConfig} config */
  constructor(host, config) {
    this.host = host;
    this.config = config;
    this.strings = english;
    this.api = new ApiClient({
      base: config.apiBase,
      proof: () => ({ "X-CSRFToken": cookie(config.csrfCookie) }),
    });
    /** @type {Map<string, Conversation>} by thread: what is on screen, and what still waits for an answer */
    this.conversations = new Map();
    const { strings } = this;
    this.composer = new Composer(
      (text) => this.send(text),
      () => this.stop(),
      strings,
    );
    this.picker = new AssistantPicker(strings, () => this.compose());
    this.panel = new CitationsPanel((chunkId) => this.api.passage(chunkId), strings);
    this.threads = this.makeThreadList();
    const openThreads = () => this.drawer.open();
    const parts = { picker: this.picker.element, composer: this.composer.element, openThreads };
    this.stage = stageView(parts, strings);
    this.scroll = new StickyScroll(this.stage.scroller, this.stage.content, strings.toLatest);
    this.stage.dock.prepend(this.scroll.button);
    this.drawer = new Drawer(host, this.stage.element, this.stage.menu, this.threads.close);
    this.announcer = make("div", { class: "chat-unseen", role: "status", "data-testid": "announcer" });
    this.current = this.newConversation(null);
    this.composer.setClosed(true); // until the assistants are known: a message sent before would be lost
    this.tabs = new Tabs((threadId) => this.happenedElsewhere(threadId));
    document.addEventListener("keydown", (event) => this.keyPressed(event));
    document.addEventListener("visibilitychange", () => this.cameBack());
    addEventListener("focus", () => this.cameBack());
    this.put();
  }

  makeThreadList() {
    const { api, config, host, strings } = this;
    return new ThreadList({
      api,
      strings,
      signInUrl: config.signInUrl,
      slots: {
        brand: host.querySelector("[data-slot=brand]"),
        account: host.querySelector("[data-slot=account]"),
      },
      events: {
        create: () => this.openThread(null),
        select: (thread) => this.openThread(thread.id),
        renamed: (thread) => this.threadRenamed(thread),
        removed: (thread) => this.threadRemoved(thread),
        close: () => this.drawer.close(),
      },
    });
  }

  put() {
    const scrim = make("div", { class: "chat-scrim", on: { click: () => this.drawer.close() } });
    this.host.replaceChildren(
      this.threads.element,
      scrim,
      this.stage.element,
      this.panel.element,
      this.announcer,
    );
  }

  /**
   * Load what the page needs; on failure say so, with a button to try again.
   * @param {string|null} threadId
   */
  async start(threadId) {
    try {
      const [assistants] = await Promise.all([this.api.assistants(), this.threads.load()]);
      this.picker.show(assistants);
      this.openThread(threadId);
      this.host.dataset.ready = "true";
    } catch (error) {
      const retry = () => void this.start(threadId);
      const notice = errorNotice(error, { retry, signInUrl: this.config.signInUrl }, this.strings);
      this.stage.content.replaceChildren(notice);
    }
  }

  /** @param {string|null} id null, or a thread that is not there, begins a new conversation */
  openThread(id) {
    const thread = this.threads.find(id);
    this.composer.isWanted = false; // what was about to be sent was for another conversation
    for (const [known, conversation] of this.conversations)
      if (!conversation.busy) this.drop(known, conversation);
    const running = thread && this.conversations.get(thread.id);
    const conversation = running || this.newConversation(thread);
    this.show(conversation, { created: false });
    if (running) void conversation.catchUp();
    else void conversation.load().then(() => conversation === this.current && this.scroll.stick());
    this.drawer.close();
    this.focusComposer();
  }

  /** @param {string} threadId @param {Conversation} conversation */
  drop(threadId, conversation) {
    conversation.leave();
    this.conversations.delete(threadId);
  }

  /** @param {Thread|null} thread @returns {Conversation} */
  newConversation(thread) {
    /** @type {Conversation} */
    const conversation = new Conversation({
      api: this.api,
      strings: this.strings,
      signInUrl: this.config.signInUrl,
      assistantId: thread?.assistant_id || this.picker.value,
      thread,
      events: {
        created: (created) => this.threadCreated(conversation, created),
        changed: () => conversation === this.current && this.compose(),
        begun: () => this.tabs.tell(conversation.thread?.id),
        answered: (text) => this.answered(conversation, text),
        ended: () => this.ended(conversation),
        announce: (text) => conversation === this.current && this.announce(text),
        edit: (text) => this.composer.restore(text),
        cite: (citation) => void this.panel.open(citation),
      },
    });
    if (thread) this.conversations.set(thread.id, conversation);
    return conversation;
  }

  /**
   * @param {Conversation} conversation
   * @param {{ created: boolean }} how `created`: it was on screen already and has become a thread
   */
  show(conversation, { created }) {
    this.current = conversation;
    const { thread } = conversation;
    const name = thread ? thread.name || this.strings.untitled : this.strings.newConversation;
    this.stage.title.textContent = name;
    this.threads.mark(thread?.id ?? null);
    this.picker.settle(thread ? conversation.assistantId : null);
    if (!created) this.panel.element.close();
    this.compose();
    this.scroll.stick();
    const detail = { id: thread?.id ?? null, name, created };
    this.host.dispatchEvent(new CustomEvent("atrium-chat-thread", { detail }));
  }

  /** Show the conversation, or the welcome where there is none yet, and whether a message can be sent. */
  compose() {
    const { current, picker } = this;
    const fresh = !current.thread && current.isEmpty;
    if (fresh) current.assistantId = picker.value;
    const nobody = !picker.assistants.length;
    this.stage.element.toggleAttribute("data-welcome", fresh);
    this.stage.element.classList.toggle("arches", fresh);
    this.composer.setClosed(nobody);
    this.composer.setBusy(current.busy, current.isLoading);
    if (fresh) this.stage.content.replaceChildren(nobody ? this.nobodyView() : this.welcome());
    else if (this.stage.content.firstChild !== current.element)
      this.stage.content.replaceChildren(current.element);
  }

  welcome() {
    const own = this.picker.chosen?.starter_questions ?? [];
    const config = own.length ? { ...this.config, starters: own } : this.config;
    return welcomeView(config, (text) => this.send(text), this.strings);
  }

  nobodyView() {
    return make("p", { class: "chat-notice", "data-testid": "no-assistant" }, this.strings.noAssistant);
  }

  /** @param {string} text */
  send(text) {
    if (this.current.busy) return;
    void this.current.send(text);
    this.announce(this.strings.working);
    this.scroll.stick();
    this.focusComposer();
  }

  stop() {
    void this.current.stop();
  }

  /** Escape stops the answer, unless it closes something. @param {KeyboardEvent} event */
  keyPressed(event) {
    const target = /** @type {Element} */ (event.target);
    if (event.key !== "Escape" || event.defaultPrevented || event.isComposing) return;
    if (target !== document.body && !this.host.contains(target)) return;
    if (target.closest("dialog, details, nav, .chat-actions")) return;
    if (this.current.isWriting) this.stop();
  }

  /** The page is looked at again: much may have happened since. */
  cameBack() {
    if (document.visibilityState === "visible") void this.current.catchUp();
  }

  /** Another tab has begun or ended a run. @param {string} threadId */
  happenedElsewhere(threadId) {
    void this.conversations.get(threadId)?.catchUp();
    void this.threads.refresh();
  }

  focusComposer() {
    if (!isTouchScreen() && this.host.dataset.drawer !== "open") this.composer.focus();
  }

  /** @param {Conversation} conversation @param {Thread} thread */
  threadCreated(conversation, thread) {
    this.conversations.set(thread.id, conversation);
    this.threads.add(thread);
    if (conversation === this.current) this.show(conversation, { created: true });
  }

  /** @param {Thread} thread */
  threadRenamed(thread) {
    if (this.current.thread?.id !== thread.id) return;
    this.current.thread = thread;
    this.stage.title.textContent = thread.name;
  }

  /** @param {Thread} thread */
  threadRemoved(thread) {
    const conversation = this.conversations.get(thread.id);
    if (conversation) this.drop(thread.id, conversation);
    if (this.current.thread?.id === thread.id) this.openThread(null);
  }

  /** @param {Conversation} conversation @param {string} text */
  answered(conversation, text) {
    if (conversation === this.current) this.announce(this.strings.announceAnswer(text));
    this.ended(conversation);
  }

  /** @param {Conversation} conversation */
  ended(conversation) {
    this.tabs.tell(conversation.thread?.id);
    void this.threads.refresh();
  }

  /** @param {string} text read out by a screen reader, once */
  announce(text) {
    this.announcer.textContent = text;
  }
}
