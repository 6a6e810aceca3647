import { icon } from "./icons";
import { PANEL_STYLE, sheet } from "./style";
import { Widget, type Options } from "./widget";

/** A button in a corner of the page, and the panel with the chat that it opens. */
export class Panel extends Widget {
  private element = document.createElement("div");
  private root = this.element.attachShadow({ mode: "closed" });
  private box = document.createElement("div");
  private panel = document.createElement("div");
  private button = document.createElement("button");
  private problem = document.createElement("p");
  private before: Element | null = null;

  constructor(options: Options) {
    super(options);
    this.mode = "panel";
    this.draw();
    const { documentElement } = document;
    const put = () => this.element.isConnected || documentElement.append(this.element);
    put(); // beside the body, which single-page apps replace
    new MutationObserver(put).observe(documentElement, { childList: true });
    visualViewport?.addEventListener("resize", () => this.fit());
    visualViewport?.addEventListener("scroll", () => this.fit());
    if (this.data.open === "true") this.show(false);
  }

  get shown() {
    return !this.panel.hidden;
  }

  open() {
    if (!this.shown) this.before = document.activeElement;
    this.show(true);
  }

  close() {
    if (!this.shown) return;
    const focused = document.activeElement === this.element;
    this.panel.hidden = true;
    this.mark();
    this.send({ type: "shown", shown: false, focus: false });
    const { before } = this;
    const back = before?.isConnected && before !== this.element && before !== document.body ? before : this.button;
    if (focused) (back as HTMLElement).focus();
    this.emit("close");
  }

  /** @param focused false where nobody has asked for it: the focus stays where it is */
  private show(focused: boolean) {
    const opened = !this.shown;
    this.panel.hidden = false;
    this.need();
    this.mark();
    if (focused) this.frame?.focus();
    this.send({ type: "shown", shown: true, focus: focused });
    if (!opened) return;
    this.fit();
    this.emit("open");
  }

  protected put(frame: HTMLIFrameElement) {
    this.panel.append(frame);
  }

  protected begun() {
    const { frame, root } = this;
    if (root.activeElement !== frame) return;
    frame!.blur(); // the focus was given to the empty frame that stood here before: give it anew
    frame!.focus();
  }

  protected told(refused: boolean) {
    this.problem.textContent = refused ? this.words.refused : "";
    this.problem.hidden = !refused;
    this.frame!.hidden = refused;
    this.box.classList.toggle("refused", refused); // nothing else would close it on a phone
  }

  protected override emit(name: string, detail: Record<string, unknown> = {}) {
    if (name === "answer" && !this.shown) this.button.classList.add("new");
    super.emit(name, detail);
  }

  /** The button says whether it opens or closes. */
  private mark() {
    const { button, shown } = this;
    const look = this.served?.look ?? {};
    const words = this.data.label ?? look.label ?? "";
    button.setAttribute("aria-expanded", String(shown));
    if (shown) button.classList.remove("new");
    const sign = document.createElement("span");
    sign.className = "text";
    sign.textContent = look.icon_text ?? "";
    const drawn = shown ? icon("close") : look.icon_text ? sign : icon(this.data.icon ?? look.icon ?? "chat");
    button.replaceChildren(drawn, ...(shown ? [] : [words]));
  }

  private draw() {
    const { root, box, panel, button, problem, data } = this;
    const look = this.served?.look ?? {};
    const name = this.served?.name || this.words.chat;
    root.adoptedStyleSheets = [sheet(this.served?.style ?? ""), sheet(PANEL_STYLE)];
    box.className = `box ${data.position ?? look.position ?? "right"}`;
    box.style.setProperty("--x", `${look.offset_x ?? 20}px`);
    box.style.setProperty("--y", `${look.offset_y ?? 20}px`);
    if (data.colour) box.style.setProperty("--atrium-accent", data.colour);
    if (data.textColour) box.style.setProperty("--atrium-on-accent", data.textColour);
    panel.className = "panel";
    panel.hidden = true;
    panel.setAttribute("role", "dialog");
    panel.setAttribute("aria-label", name);
    problem.hidden = true;
    problem.setAttribute("role", "alert");
    panel.append(problem);
    button.type = "button";
    button.hidden = data.button === "none";
    button.setAttribute("aria-haspopup", "dialog");
    button.setAttribute("aria-label", data.label || look.label || name);
    button.addEventListener("click", () => (this.shown ? this.close() : this.open()));
    box.addEventListener("keydown", ({ key }) => key === "Escape" && this.close());
    box.append(panel, button);
    root.append(box);
    this.mark();
  }

  /** On a small screen the panel ends above the keyboard. Who has zoomed in moves over a panel that stays as it is. */
  private fit() {
    const { height, offsetTop, scale } = visualViewport!;
    this.panel.style.setProperty("--tall", `${height * scale}px`);
    this.panel.style.setProperty("--top", `${scale > 1.01 ? 0 : offsetTop}px`);
  }
}
