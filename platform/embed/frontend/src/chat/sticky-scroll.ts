import { make, wantsLessMotion } from "./dom";
import { icon } from "./icons";

const AT_END_PX = 4;

/** Keeps the newest message in view while it grows, unless the reader has scrolled up to read. */
export class StickyScroll {
  scroller: HTMLElement;
  stuck = true;
  top = 0;
  height = 0;
  button: HTMLButtonElement;

  /** @param content what grows inside of it */
  constructor(scroller: HTMLElement, content: HTMLElement, label: string) {
    this.scroller = scroller;
    const properties = {
      type: "button",
      class: "chat-to-latest",
      title: label,
      "aria-label": label,
      hidden: true,
    };
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
    this.scroller.scrollTo({
      top: this.scroller.scrollHeight,
      behavior: wantsLessMotion() ? "auto" : "smooth",
    });
  }

  /** Scrolling up lets go; reaching the end takes hold again. */
  scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const shrunk = scrollHeight < this.height; // then the browser moved, not the reader
    if (scrollTop < this.top && !shrunk) this.stuck = false;
    else if (this.distance() <= AT_END_PX) this.stuck = true;
    this.top = scrollTop;
    this.height = scrollHeight;
    this.button.hidden = this.stuck || this.distance() < clientHeight / 4;
  }

  grown() {
    if (this.stuck) this.scroller.scrollTop = this.scroller.scrollHeight;
    this.scrolled();
  }

  distance() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight;
  }
}
