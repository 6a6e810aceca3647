/** Below this width the conversations are in a drawer. */
const NARROW = "(max-width: 819.98px)";

/** Opens and closes the list of conversations on a narrow screen; on a wide one it is always there. */
export class Drawer {
  /**
   * @param {HTMLElement} host       carries `data-drawer="open"` for the style sheet
   * @param {HTMLElement} behind     what cannot be used while the drawer is open
   * @param {HTMLElement} opener     gets the focus back
   * @param {HTMLElement} first      gets the focus when the drawer opens
   */
  constructor(host, behind, opener, first) {
    this.host = host;
    this.behind = behind;
    this.opener = opener;
    this.first = first;
    host.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
    });
    matchMedia(NARROW).addEventListener("change", () => this.close());
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
