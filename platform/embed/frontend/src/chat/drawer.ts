/** Below this width the conversations are in a drawer. */
const NARROW = "(max-width: 819.98px)";

/** Opens and closes the list of conversations on a narrow screen; on a wide one it is always there. */
export class Drawer {
  host: HTMLElement;
  behind: HTMLElement;
  opener: HTMLElement;
  first: HTMLElement;

  /**
   * @param host carries `data-drawer="open"` for the style sheet
   * @param behind what cannot be used while the drawer is open
   * @param opener gets the focus back
   * @param first gets the focus when the drawer opens
   * @param signal ends with the chat
   */
  constructor(
    host: HTMLElement,
    behind: HTMLElement,
    opener: HTMLElement,
    first: HTMLElement,
    signal: AbortSignal,
  ) {
    this.host = host;
    this.behind = behind;
    this.opener = opener;
    this.first = first;
    const onKey = (event: KeyboardEvent) => event.key === "Escape" && this.close();
    host.addEventListener("keydown", onKey, { signal });
    matchMedia(NARROW).addEventListener("change", () => this.close(), { signal });
  }

  open() {
    this.host.dataset.drawer = "open";
    this.behind.inert = true;
    this.first.focus();
  }

  close() {
    if (this.host.dataset.drawer !== "open") return;
    delete this.host.dataset.drawer;
    this.behind.inert = false;
    this.opener.focus();
  }
}
