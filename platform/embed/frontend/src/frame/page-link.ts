import { sealed, type ToFrame, type ToPage, unsealed } from "./protocol";

type Start = Extract<ToFrame, { type: "start" }>;
export type Receiver = (message: ToFrame) => void;

/**
 * The page around the frame. The first word is the page's; from then on the frame listens to that one origin of its
 * parent's, and speaks to no other.
 */
export class PageLink {
  private constructor(
    private readonly page: Window,
    /** as the browser tells it */
    readonly origin: string,
  ) {}

  /** Wait for the page's word. @param begun called with it, and again when the page starts anew */
  static listen(page: Window, begun: (link: PageLink, start: Start) => void, receive: Receiver) {
    let link: PageLink | null = null;
    addEventListener("message", ({ source, origin, data }) => {
      if (source !== page || (link && origin !== link.origin)) return;
      const message = checked(unsealed(data));
      if (!message) return;
      if (message.type === "start") begun((link ??= new PageLink(page, origin)), message);
      else if (link) receive(message);
    });
  }

  send(message: ToPage) {
    this.page.postMessage(sealed(message), this.origin);
  }

  event(name: string, detail: Record<string, unknown> = {}) {
    this.send({ type: "event", name, detail });
  }
}

const LONGEST = 32_000; // characters of anything that a page sends

/** The message, with every field of the type that it should be; else null. */
function checked(message: Record<string, unknown> | null): ToFrame | null {
  if (!message) return null;
  const { type, mode, shown, focus, identity, token, text } = message;
  const isText = (value: unknown): value is string => typeof value === "string" && value.length <= LONGEST;
  if (type === "start") {
    const known = isText(identity) ? identity : ""; // a long sign-in page says of nobody who it is
    return { type, mode: mode === "panel" ? mode : "inline", shown: shown === true, identity: known };
  }
  if (type === "identify" && isText(token)) return { type, token };
  if (type === "ask" && isText(text)) return { type, text };
  if (type === "shown") return { type, shown: shown === true, focus: focus === true };
  return type === "logout" ? { type } : null;
}
