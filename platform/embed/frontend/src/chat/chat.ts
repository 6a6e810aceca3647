import { ApiClient } from "./api";
import { AssistantPicker } from "./assistant-picker";
import { CitationsPanel } from "./citations-panel";
import { Composer } from "./composer";
import { Conversation } from "./conversation";
import { isTouchScreen, make } from "./dom";
import { Drawer } from "./drawer";
import { fitAboveKeyboard } from "./keyboard";
import { type Stage, stageView } from "./layout";
import { errorNotice } from "./notice";
import { Problem } from "./problem";
import { StickyScroll } from "./sticky-scroll";
import { t } from "./strings";
import { Tabs } from "./tabs";
import { iconButton } from "./thread-item";
import { ThreadList } from "./thread-list";
import type { Assistant, ChatConfig, Citation, Passage, Thread } from "./types";
import { welcomeView } from "./welcome";

/**
 * The whole chat in an element: which conversation is on screen, and what the parts around it have to know of it.
 *
 * Sends to the element `atrium-chat-thread` with `{ id, name, created }` when another conversation is on screen, and
 * `atrium-chat-message` with `{ kind: "question" | "answer", thread }`; the element carries `data-ready` once the chat
 * has loaded.
 */
export class Chat {
  host: HTMLElement;
  config: ChatConfig;
  api: ApiClient;
  /** by thread: what is on screen, and what still waits for an answer */
  conversations: Map<string, Conversation> = new Map();
  composer: Composer;
  picker: AssistantPicker;
  panel: CitationsPanel;
  threads: ThreadList;
  stage: Stage;
  scroll: StickyScroll;
  drawer: Drawer;
  announcer: HTMLDivElement;
  current: Conversation;
  tabs: Tabs;
  /** ends with `destroy` */
  life = new AbortController();

  /** @param host the element that the chat fills */
  constructor(host: HTMLElement, config: ChatConfig) {
    this.host = host;
    this.config = config;
    this.api = new ApiClient({
      base: config.apiBase,
      proof: config.proof,
      renew: config.renew,
      credentials: config.mode === "visitor" ? "omit" : "same-origin",
    });
    this.composer = new Composer(
      (text) => this.ask(text),
      () => this.stop(),
    );
    this.picker = new AssistantPicker(() => this.compose());
    this.panel = new CitationsPanel((citation, threadId) => this.passage(citation, threadId), this.life.signal);
    this.threads = this.makeThreadList();
    const menu = this.makeMenuButton();
    this.stage = stageView({ picker: this.picker.element, composer: this.composer.element, menu });
    this.scroll = new StickyScroll(this.stage.scroller, this.stage.content, t("toLatest"));
    this.stage.dock.prepend(this.scroll.button);
    this.drawer = new Drawer(host, this.stage.element, menu, this.threads.close, this.life.signal);
    this.announcer = make("div", { class: "chat-unseen", role: "status", "data-testid": "announcer" });
    this.current = this.newConversation(null);
    this.composer.setClosed(true); // until the assistants are known: a message sent before would be lost
    this.tabs = new Tabs((threadId) => this.happenedElsewhere(threadId));
    this.listen();
    this.put();
  }

  /** A citation of a message that is being written, or of an older version, is opened by its chunk. */
  async passage(citation: Citation, threadId?: string): Promise<Passage> {
    const { message_id, version, chunk_id, number } = citation;
    if (threadId && message_id && version != null) return this.api.citation(threadId, message_id, number);
    if (chunk_id === null) throw new Problem({ status: 404 });
    return this.api.passage(chunk_id);
  }

  listen() {
    const { signal } = this.life;
    document.addEventListener("keydown", (event) => this.keyPressed(event), { signal });
    document.addEventListener("visibilitychange", () => this.cameBack(), { signal });
    addEventListener("focus", () => this.cameBack(), { signal });
    addEventListener("online", () => this.cameBack(), { signal });
    fitAboveKeyboard(this.host, signal);
  }

  /** Opens the list of conversations; where there is none, begins a new conversation. */
  makeMenuButton() {
    if (!this.config.features.threads)
      return iconButton("add", t("newConversation"), "new-thread", () => this.openThread(null));
    const button = iconButton("menu", t("openConversations"), "open-threads", () => this.drawer.open());
    button.classList.add("chat-menu-button");
    return button;
  }

  makeThreadList() {
    const { api, config, host } = this;
    return new ThreadList({
      api,
      config,
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
    const threads = this.config.features.threads ? [this.threads.element, scrim] : [];
    this.host.replaceChildren(...threads, this.stage.element, this.panel.element, this.announcer);
  }

  /** Load what the page needs; on failure say so, with a button to try again. */
  async start(threadId: string | null = null) {
    try {
      const [assistants] = await Promise.all([this.assistants(), this.threads.load()]);
      if (this.life.signal.aborted) return;
      this.picker.show(assistants);
      this.openThread(threadId);
      this.host.dataset.ready = "true";
    } catch (error) {
      const retry = () => void this.start(threadId);
      const { signInUrl, fallback } = this.config;
      const notice = errorNotice(error, { retry, signInUrl, fallback });
      this.stage.content.replaceChildren(notice);
    }
  }

  /** Let go of connections and listeners, and leave the page. Runs go on without it. */
  destroy() {
    this.life.abort();
    this.tabs.close();
    for (const conversation of new Set([this.current, ...this.conversations.values()])) conversation.leave();
    this.host.replaceChildren();
    delete this.host.dataset.ready;
  }

  async assistants(): Promise<Assistant[]> {
    const { assistantId } = this.config;
    return assistantId ? [{ id: assistantId, name: "" }] : this.api.assistants();
  }

  /** @param id null, or a thread that is not there, begins a new conversation */
  openThread(id: string | null) {
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

  drop(threadId: string, conversation: Conversation) {
    conversation.leave();
    this.conversations.delete(threadId);
  }

  newConversation(thread: Thread | null): Conversation {
    const conversation: Conversation = new Conversation({
      api: this.api,
      config: this.config,
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
        cite: (citation) => void this.panel.open(citation, conversation.thread?.id),
      },
    });
    if (thread) this.conversations.set(thread.id, conversation);
    return conversation;
  }

  /** @param how `created`: it was on screen already and has become a thread */
  show(conversation: Conversation, { created }: { created: boolean }) {
    this.current = conversation;
    const { thread } = conversation;
    const name = thread ? thread.name || t("untitled") : this.config.title || t("newConversation");
    this.stage.title.textContent = name;
    this.threads.mark(thread?.id ?? null);
    this.picker.settle(thread ? conversation.assistantId : null);
    if (!created) this.panel.element.close();
    this.compose();
    this.scroll.stick();
    this.tell("atrium-chat-thread", { id: thread?.id ?? null, name, created });
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
    return welcomeView(this.config, own.length ? own : this.config.starters, (text) => this.ask(text));
  }

  nobodyView() {
    return make("p", { class: "chat-notice", "data-testid": "no-assistant" }, t("noAssistant"));
  }

  /** Send a message in the conversation on screen; nothing happens while its answer is on its way. */
  ask(text: string) {
    if (this.current.busy || this.composer.closed) return;
    void this.current.send(text);
    this.tell("atrium-chat-message", { kind: "question", thread: this.current.thread?.id ?? null });
    this.announce(t("working"));
    this.scroll.stick();
    this.focusComposer();
  }

  stop() {
    void this.current.stop();
  }

  /** Escape stops the answer, unless it closes something. */
  keyPressed(event: KeyboardEvent) {
    const target = event.target as Element;
    if (event.key !== "Escape" || event.defaultPrevented || event.isComposing) return;
    if (target !== document.body && !this.host.contains(target)) return;
    if (target.closest("dialog, details, nav, .chat-actions")) return;
    if (this.current.isWriting) this.stop();
  }

  /** The page is looked at again: much may have happened since. */
  cameBack() {
    if (document.visibilityState === "visible") void this.current.catchUp();
  }

  /** Another tab has begun or ended a run. */
  happenedElsewhere(threadId: string) {
    void this.conversations.get(threadId)?.catchUp();
    void this.threads.refresh();
  }

  /** What was written here and came to no server. */
  unsent(): string {
    const { latest } = this.current;
    const refused = latest?.place.runId === null && !latest.isOver && latest.text;
    return [refused, this.composer.field.value].filter(Boolean).join("\n\n");
  }

  /** Put the focus where a message is written. */
  focus() {
    this.composer.focus();
  }

  focusComposer() {
    const isHere = document.hasFocus(); // else the reader is in the page around a frame
    if (isHere && !isTouchScreen() && this.host.dataset.drawer !== "open") this.composer.focus();
  }

  threadCreated(conversation: Conversation, thread: Thread) {
    this.conversations.set(thread.id, conversation);
    this.threads.add(thread);
    if (conversation === this.current) this.show(conversation, { created: true });
  }

  threadRenamed(thread: Thread) {
    if (this.current.thread?.id !== thread.id) return;
    this.current.thread = thread;
    this.stage.title.textContent = thread.name;
  }

  threadRemoved(thread: Thread) {
    const conversation = this.conversations.get(thread.id);
    if (conversation) this.drop(thread.id, conversation);
    if (this.current.thread?.id === thread.id) this.openThread(null);
  }

  answered(conversation: Conversation, text: string) {
    if (conversation === this.current) this.announce(t("announceAnswer", { text }));
    this.tell("atrium-chat-message", { kind: "answer", thread: conversation.thread?.id ?? null });
    this.ended(conversation);
  }

  ended(conversation: Conversation) {
    this.tabs.tell(conversation.thread?.id);
    void this.threads.refresh();
  }

  /** Tell the page around it. */
  tell(type: string, detail: Record<string, unknown>) {
    this.host.dispatchEvent(new CustomEvent(type, { detail }));
  }

  /** @param text read out by a screen reader, once */
  announce(text: string) {
    this.announcer.textContent = text;
  }
}
