import { make, wantsLessMotion } from "./dom.js";
import { icon } from "./icons.js";

const NEAR_PX = 80;

/** Keeps the newest message in view while it grows, unless the reader has scrolled up to read. */
export class StickyScroll {
  /** @param {HTMLElement} scroller @param {HTMLElement} content what grows inside of it @param {string} label */
  constructor(scroller, content, label) {
    this.scroller = scroller;
    this.stuck = true;
    const properties = { type: "button", class: "chat-to-latest", title: label, "aria-label": label, hidden: true };
    this.button = make("button", { ...properties, "data-testid": "to-latest" }, icon("down"));
    this.button.addEventListener("click", () => this.toLatest());
    scroller.addEventListener("scroll", () => this.scrolled(), { passive: true });
    const observer = new ResizeObserver(() => this.grown());
    observer.observe(content);
    observer.observe(scroller);
  }

  /** Follow the conversation again, from its end. */
  stick() {
    this.stuck = true;
    this.grown();
  }

  toLatest() {
    this.stuck = true;
    this.button.hidden = true;
    this.scroller.scrollTo({ top: this.scroller.scrollHeight, behavior: wantsLessMotion() ? "auto" : "smooth" });
  }

  scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const near = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    if (scrollTop < (this.lastTop ?? 0) && !near) this.stuck = false;
    if (near) this.stuck = true;
    this.lastTop = scrollTop;
    this.button.hidden = near || this.stuck;
  }

  grown() {
    if (this.stuck) this.scroller.scrollTop = this.scroller.scrollHeight;
    else this.scrolled();
  }
}
