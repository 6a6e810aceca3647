import { atriumOf } from "./api";
import { FRAME_STYLE, sheet } from "./style";
import { Widget, type Identity, type Listener } from "./widget";

const NAME = "atrium-chat";

/** A chat in the page itself. */
class Inline extends Widget {
  root!: ShadowRoot;
  private problem = document.createElement("p");

  get shown() {
    return true;
  }

  open() {
    this.need();
    if (this.frame) this.frame.loading = "eager";
    this.frame?.focus();
    this.send({ type: "shown", shown: true, focus: true });
  }

  close() {}

  begun() {}

  put(frame: HTMLIFrameElement) {
    frame.loading = "lazy"; // when it comes near the screen
    this.problem.setAttribute("role", "alert");
    this.root.append(this.problem, frame);
  }

  told(refused: boolean) {
    this.frame!.hidden = refused;
    this.problem.textContent = refused ? this.words.refused : "";
  }

  /** It is in the page, perhaps again: a frame that was moved loads anew. */
  connected() {
    this.need();
  }
}

/** `<atrium-chat data-site="site_...">`, in a document or in another element's shadow. */
export function defineElement(host: string) {
  if (customElements.get(NAME)) return;
  customElements.define(
    NAME,
    class extends HTMLElement {
      chat?: Inline;

      connectedCallback() {
        const data = this.dataset;
        const { site } = data;
        if (!this.chat && site) {
          this.chat = new Inline({ host, site, data, served: null });
          this.chat.root = this.attachShadow({ mode: "closed" });
          this.chat.root.adoptedStyleSheets = [sheet(FRAME_STYLE)];
          atriumOf(window).add(this.chat);
        }
        this.chat?.connected();
      }

      open() {
        this.chat?.open();
      }
      identify(identity: Identity) {
        this.chat?.identify(identity);
      }
      logout() {
        this.chat?.logout();
      }
      ask(text: string) {
        this.chat?.ask(text);
      }
      on(name: string, listener: Listener) {
        return this.chat?.on(name, listener);
      }
    },
  );
}
