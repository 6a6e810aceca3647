import languages from "languages:launcher";

import type { LauncherWords } from "../chat/strings";
import { sealed, unsealed, type ToFrame } from "../frame/protocol";

/** What the server writes into the script about the site that its address names. */
export interface Served {
  key: string;
  known: boolean;
  open?: boolean;
  name?: string;
  /** a style sheet that sets the site's colours on `:host` */
  style?: string;
  look?: { position?: string; offset_x?: number; offset_y?: number; icon?: string; icon_text?: string; label?: string };
}

export interface Options {
  /** the origin that serves the frame */
  host: string;
  /** the site's public key */
  site: string;
  /** the `data-` attributes */
  data: DOMStringMap;
  served: Served | null;
}

/** Who somebody is: a JWT, or a function that fetches one whenever it is needed, as each is good for once. */
export type Identity = string | (() => string | Promise<string>);
export type Listener = (detail: Record<string, unknown>) => void;

const PATIENCE = 5000; // ms from the frame's load to its first word: where a browser refuses it, none comes

/** One chat in the page: its frame, and what is said to it and by it. */
export abstract class Widget {
  site: string;
  protected host: string;
  protected data: DOMStringMap;
  protected served: Served | null;
  protected frame: HTMLIFrameElement | null = null;
  protected mode: "panel" | "inline" = "inline";
  private met?: true;
  private ready = false;
  private refused = false;
  private waiting: ToFrame[] = [];
  private identity: Identity = "";
  private listeners: Record<string, Set<Listener>> = {};

  constructor({ host, site, data, served }: Options) {
    this.host = host;
    this.site = site;
    this.data = data;
    this.served = served;
    addEventListener("message", (event) => this.received(event));
  }

  abstract get shown(): boolean;
  abstract open(): void;
  abstract close(): void;
  protected abstract put(frame: HTMLIFrameElement): void;
  protected abstract told(refused: boolean): void;
  /** The frame listens from now on. */
  protected abstract begun(): void;

  /** Say who the visitor is. What was said anonymously before becomes theirs. */
  identify(identity: Identity) {
    this.identity = identity;
    if (this.met) void this.sayWho(); // else it is part of the greeting
  }

  /** Forget the visitor, in this browser and at once. */
  logout() {
    this.identity = "";
    this.need();
    this.send({ type: "logout" });
  }

  /** Open the chat and ask. */
  ask(text: string) {
    this.open();
    this.send({ type: "ask", text: String(text) });
  }

  /** Be told of `open`, `close`, `ready`, `question`, `answer`, `visitor`, `identity` and `error`. Returns what ends it. */
  on(name: string, listener: Listener): () => void {
    const those = (this.listeners[name] ??= new Set());
    those.add(listener);
    return () => those.delete(listener);
  }

  protected emit(name: string, detail: Record<string, unknown> = {}) {
    for (const each of this.listeners[name] ?? []) {
      try {
        each(detail);
      } catch (error) {
        console.error(error); // the page's own, and not a reason to stop
      }
    }
  }

  /** The language of the page around it. */
  protected get locale(): string {
    return this.data.locale || document.documentElement.lang;
  }

  /** What is said in the page itself: in its language, else in English. */
  protected get words(): LauncherWords {
    return languages[this.locale.split(/[-_]/)[0]!.toLowerCase()] ?? languages.en!;
  }

  /** The frame, made on first use; loaded anew where it was refused before. */
  protected need() {
    if (this.frame) {
      if (this.refused) this.frame.src = this.frame.src;
      return;
    }
    const frame = (this.frame = document.createElement("iframe"));
    frame.title = this.served?.name ?? this.words.chat;
    frame.allow = "clipboard-write";
    // It may not take the page elsewhere.
    frame.setAttribute("sandbox", "allow-scripts allow-same-origin allow-forms allow-modals allow-popups allow-popups-to-escape-sandbox allow-downloads");
    frame.addEventListener("load", () => void this.loaded());
    frame.src = `${this.host}/embed/frame/?${new URLSearchParams({ key: this.site, locale: this.locale })}`;
    this.put(frame);
  }

  protected send(message: ToFrame) {
    if (this.ready) this.post(message);
    else this.waiting.push(message);
  }

  private post(message: ToFrame) {
    this.frame?.contentWindow?.postMessage(sealed(message), this.host);
  }

  /** It was loaded, also again: when its element has moved in the page. */
  private async loaded() {
    this.ready = this.refused = false;
    this.told(false);
    this.met = true;
    const identity = await this.who();
    const { shown, mode } = this;
    this.post({ type: "start", mode, shown, identity });
    setTimeout(() => {
      if (this.ready || this.refused || !this.frame?.isConnected) return;
      this.refused = true;
      this.told(true);
      console.error(`Atrium did not open. Is ${location.origin} allowed?`);
      this.emit("error", { code: "refused" });
    }, PATIENCE);
  }

  private async who(): Promise<string> {
    const { identity } = this;
    try {
      if (typeof identity !== "function") {
        this.identity = ""; // good for once
        return identity;
      }
      const token = await identity();
      return identity === this.identity ? token : this.who(); // not of somebody who has left meanwhile
    } catch (error) {
      console.error(error);
      this.emit("error", { code: "identity" });
      return "";
    }
  }

  private async sayWho() {
    const token = await this.who();
    if (token) this.send({ type: "identify", token });
  }

  private received({ source, origin, data }: MessageEvent) {
    const message = source && source === this.frame?.contentWindow && origin === this.host ? unsealed(data) : null;
    if (!message) return;
    if (message.type === "ready") {
      this.ready = true;
      this.refused = false;
      this.told(false);
      this.begun();
      this.waiting.splice(0).forEach((each) => this.post(each));
      this.emit("ready");
    } else if (message.type === "close") this.close();
    else if (message.type === "identity") {
      if (this.identity) void this.sayWho();
      else this.emit("identity");
    } else if (message.type === "event") this.emit(String(message.name), Object(message.detail));
  }
}
