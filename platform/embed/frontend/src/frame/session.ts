import { Problem, problemOf } from "../chat/problem";
import type { Store } from "./store";

/** What the server answers: docs/reference/embedded-chats.md. */
export interface Opened {
  token: string;
  /** seconds */
  expires_in: number;
  renewal: string;
  visitor: { identified: boolean; subject: string; attributes: Record<string, unknown> };
  site: {
    name: string;
    assistant_id: string;
    greeting: string;
    starters: string[];
    consent: string;
    /** said in the place of an answer that cannot be given */
    fallback?: string;
  };
}

const EARLY = 60_000; // ms before its end that a token is not used any more

/**
 * A visitor's session. The token is in memory only, the secret that gets the next one in the frame's storage: a page
 * around the frame sees neither. Every method may raise a `Problem`.
 */
export class Session {
  private token = "";
  private endsAt = 0;
  private opening: Promise<Opened> | null = null;
  /** how often it was ended: what was asked before that is nobody's */
  private ends = 0;

  /**
   * @param key the site's public key
   * @param page origin of the page that the frame stands in, as the browser has told it
   * @param changed called when the browser's session had ended, and another visitor took its place
   */
  constructor(
    private key: string,
    private page: string,
    private store: Store,
    private changed: () => void,
  ) {}

  /** Headers that show who asks. A token that is about to end is renewed first: also after a computer has slept. */
  async proof(): Promise<Record<string, string>> {
    if (Date.now() > this.endsAt - EARLY) await this.open();
    return { Authorization: `Bearer ${this.token}` };
  }

  /** After a 401. True when there is a new token. */
  async renew(): Promise<boolean> {
    this.endsAt = 0;
    await this.open();
    return true;
  }

  /** Begin, or go on with what this browser has. @param identity a JWT that says who it is, or "" */
  async open(identity = ""): Promise<Opened> {
    if (!identity) return (this.opening ??= this.ask("").finally(() => (this.opening = null)));
    await this.opening?.catch(() => null); // one after the other: both would use up the same renewal
    return this.ask(identity);
  }

  /** End the session on the server, and forget what this browser has of it, also what is on its way. */
  async end() {
    const renewal = this.store.get("renewal");
    this.ends += 1;
    this.opening = null;
    this.token = "";
    this.endsAt = 0;
    this.store.set("renewal", "");
    this.store.set("thread", "");
    if (renewal) await this.post("logout", { renewal });
  }

  /** Two tabs that begin at once are one visitor. */
  private async ask(identity: string): Promise<Opened> {
    let begun = false;
    const ask = () => {
      begun = true;
      return this.asked(identity);
    };
    try {
      return await navigator.locks.request(`atrium:${this.key}`, ask);
    } catch (error) {
      if (begun) throw error;
      return ask(); // a browser without locks, or one that keeps nothing for frames: then tabs share nothing either
    }
  }

  private async asked(identity: string): Promise<Opened> {
    const renewal = this.store.get("renewal");
    const sent = Date.now();
    const { ends } = this;
    const opened: Opened = await (await this.post("session", { renewal, identity })).json();
    if (ends !== this.ends) {
      await this.post("logout", { renewal: opened.renewal });
      throw new Problem({ status: 0, code: "stopped" });
    }
    const another = this.token !== "" && !identity && opened.renewal !== renewal;
    this.token = opened.token;
    this.endsAt = sent + opened.expires_in * 1000;
    if (opened.renewal !== renewal) this.store.set("renewal", opened.renewal);
    if (another) this.changed();
    return opened;
  }

  private async post(path: string, body: Record<string, string>): Promise<Response> {
    let response;
    try {
      response = await fetch(`/embed/${path}/`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        credentials: "omit",
        keepalive: path === "logout", // the page is often left at once
        body: JSON.stringify({ key: this.key, origin: this.page, ...body }),
      });
    } catch {
      throw new Problem({ status: 0, code: "network" });
    }
    if (!response.ok) throw await problemOf(response);
    return response;
  }
}
