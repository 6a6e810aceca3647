import type { AtriumChat } from "../chat/atrium-chat";
import { Chat } from "../chat/chat";
import { type Language, sayNothingLoaded, speak } from "../chat/language";
import { explain, isHelpless, Problem } from "../chat/problem";
import { t } from "../chat/strings";
import type { ChatConfig } from "../chat/types";
import type { PageLink } from "./page-link";
import type { ToFrame } from "./protocol";
import { Session, type Opened } from "./session";
import { Store } from "./store";
import { closeButton, view, type View } from "./views";

/** What the server writes into the page. */
export interface FrameConfig {
  /** the site's public key */
  key: string;
  mode: "frame" | "page";
  name: string;
  /** false where the site is closed */
  open: boolean;
  /** what a visitor has to agree to before anything is sent or kept; "" where there is nothing */
  consent: string;
  /** what is said where the chat cannot answer */
  fallback?: string;
  language: Language;
}

/** A visitor's time with a site's chat: from the first look to the last. */
export class Visit {
  private store: Store;
  private session: Session;
  private chat: Chat | null = null;
  private inPanel = false;
  /** the page has put the focus here, which a frame that was just made does not know by itself */
  private isHere = false;
  private identity = "";
  private questions: string[] = [];
  /** counts the attempts to come in: the last word counts */
  private turn = 0;
  private entering = false;
  private identified = false;
  /** the page was asked who is there, and nothing that it said was taken since */
  private hasAsked = false;

  /** @param link the page around the frame; null where the chat is a page of its own */
  constructor(
    private element: AtriumChat,
    private config: FrameConfig,
    private link: PageLink | null,
    page: string,
  ) {
    this.store = new Store(config.key);
    this.session = new Session(config.key, page, this.store, () => this.changed());
    this.store.watch("renewal", () => this.chat && void this.begin(""));
    element.addEventListener("atrium-chat-thread", (event) => this.onThread((event as CustomEvent).detail));
    element.addEventListener("atrium-chat-message", (event) => this.onMessage((event as CustomEvent).detail));
    this.listenForEscape();
  }

  async started({ mode, identity }: Extract<ToFrame, { type: "start" }>) {
    this.inPanel = mode === "panel";
    const begun = (await this.speak()) && this.begin(identity);
    this.link?.send({ type: "ready" });
    await begun;
  }

  /** Load the words of the reader's language. False where they did not come: then the page says so. */
  async speak(): Promise<boolean> {
    try {
      await speak(this.config.language);
      return true;
    } catch (error) {
      console.error(error);
      sayNothingLoaded(this.element, this.inPanel ? () => this.close() : null);
      this.link?.event("error", { code: "not_loaded" });
      return false;
    }
  }

  received(message: ToFrame) {
    if (message.type === "identify") void this.begin(message.token);
    else if (message.type === "logout") void this.forget();
    else if (message.type === "ask") this.ask(message.text);
    else if (message.type === "shown") {
      this.isHere = message.shown && message.focus;
      this.focus();
    }
  }

  /** From the top: is it open, has the visitor agreed, who is it, and what was said before? */
  async begin(identity: string) {
    if (!this.config.open) return this.say();
    if (this.config.consent && this.store.get("consent") !== this.config.consent) {
      this.identity = identity || this.identity;
      return this.askForConsent();
    }
    await this.enter(identity);
  }

  /** That the site is closed. */
  say() {
    this.show({ text: this.config.fallback || t("frame.closed"), testId: "closed" });
  }

  private async enter(identity = "") {
    const turn = ++this.turn;
    const isLast = () => turn === this.turn;
    this.entering = true;
    try {
      await this.questionsArrived();
      const opened = await this.session.open(identity);
      if (isLast()) await this.converse(opened);
    } catch (error) {
      if (!isLast()) return;
      if (identity && error instanceof Problem && /403|422/.test(`${error.status}`)) return this.withoutIdentity(error);
      this.fail(error, () => isLast() && void this.enter(identity));
    } finally {
      if (isLast()) this.entering = false;
    }
  }

  /** A question that is on its way comes first: with the session before, its proof ends. */
  private async questionsArrived() {
    const isOnItsWay = () => this.chat?.current.isWriting && !this.chat.current.latest?.place.runId;
    for (let left = 100; left > 0 && isOnItsWay(); left -= 1) // 5 s
      await new Promise((resolve) => setTimeout(resolve, 50));
  }

  /** The page's word was not taken: it is told why and asked for another, and the visitor is who they were. */
  private async withoutIdentity({ code, detail }: Problem) {
    this.link?.event("error", { code, detail });
    this.askWho();
    await this.enter();
  }

  /** Once, until it was told: a page that is wrong each time would be asked for ever. */
  private askWho() {
    if (this.hasAsked) return;
    this.hasAsked = true;
    this.link?.send({ type: "identity" });
  }

  /** The session had ended, and another visitor took its place. */
  private changed() {
    if (this.entering) return; // it finds the other one there
    if (this.identified) this.askWho();
    void this.enter();
  }

  /** @param press tries again; does nothing once something else was tried */
  private fail(error: unknown, press: () => void) {
    if (!(error instanceof Problem)) console.error(error);
    const code = error instanceof Problem ? error.code : "";
    if (code === "site_refused") this.say();
    else if (code === "identity_needed") this.show({ text: t("frame.signIn"), testId: "sign-in-first" });
    else {
      const buttons = [{ label: t("retry"), testId: "retry", press }];
      const text = [explain(error).text, isHelpless(error) && this.config.fallback].filter(Boolean).join("\n\n");
      this.show({ text, testId: "no-session", buttons });
      addEventListener("online", press, { once: true });
    }
    if (code === "identity_needed") this.askWho();
    this.link?.event("error", { code });
  }

  private async converse({ site, visitor }: Opened) {
    const draft = this.chat?.unsent() ?? "";
    this.chat?.destroy();
    const { link, element } = this;
    this.identified = visitor.identified;
    if (visitor.identified) this.hasAsked = false;
    const config: ChatConfig = {
      apiBase: "/api",
      proof: () => this.session.proof(),
      renew: () => this.session.renew(),
      mode: "visitor",
      assistantId: site.assistant_id,
      title: site.name,
      greeting: site.greeting,
      starters: site.starters,
      fallback: site.fallback,
      locale: document.documentElement.lang,
      features: { threads: true, rename: true, remove: true, feedback: true, regenerate: true },
    };
    const chat = (this.chat = new Chat(element, config));
    chat.composer.field.value = draft;
    if (this.inPanel) this.chat.stage.title.parentElement?.append(closeButton(() => this.close()));
    await chat.start(this.store.get("thread") || null);
    if (chat !== this.chat) return;
    this.focus();
    link?.event("visitor", { identified: visitor.identified });
  }

  private askForConsent() {
    const agree = () => {
      this.store.set("consent", this.config.consent);
      void this.enter(this.identity);
    };
    const buttons = [{ label: t("frame.agree"), testId: "agree", press: agree }];
    this.show({ text: this.config.consent, testId: "consent", buttons });
  }

  private async forget() {
    const turn = ++this.turn;
    this.entering = this.identified = this.hasAsked = false;
    this.chat?.destroy();
    this.chat = null;
    this.questions = [];
    this.identity = "";
    await this.session.end().catch((error: unknown) => this.link?.event("error", { code: (error as Problem).code }));
    if (turn === this.turn) await this.begin("");
  }

  private ask(text: string) {
    if (!text.trim()) return;
    this.questions.push(text);
    this.askNext();
  }

  /** What the page has asked, one after the other. */
  private askNext() {
    const { chat } = this;
    if (!chat || !this.element.dataset.ready || !this.questions.length) return;
    if (chat.current.busy || chat.current.isLoading) setTimeout(() => this.askNext(), 100);
    else chat.ask(this.questions.shift()!);
  }

  private onThread({ id }: { id: string | null }) {
    this.store.set("thread", id ?? "");
    setTimeout(() => this.askNext());
  }

  private onMessage({ kind }: { kind: string }) {
    this.link?.event(kind);
    setTimeout(() => this.askNext());
  }

  private show(said: Omit<View, "title" | "close">) {
    this.chat?.destroy();
    this.chat = null;
    const close = this.inPanel ? () => this.close() : null;
    this.element.replaceChildren(view({ title: this.config.name, close, ...said }));
    this.focus();
  }

  private focus() {
    if (!this.isHere && !document.hasFocus()) return;
    if (this.chat) this.chat.focus();
    else this.element.querySelector<HTMLElement>(".frame-buttons button")?.focus();
  }

  private close() {
    this.link?.send({ type: "close" });
  }

  /** Escape closes the panel, unless it stops or closes something inside. */
  private listenForEscape() {
    let inside = false;
    const look = () => {
      const { chat, element } = this;
      inside = Boolean(chat?.current.isWriting || document.querySelector("dialog[open]") || element.dataset.drawer === "open");
    };
    addEventListener("keydown", look, true);
    addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.defaultPrevented || event.isComposing || inside || !this.inPanel) return;
      if ((event.target as Element).closest?.("details[open], nav, .chat-actions")) return;
      this.close();
    });
  }
}
