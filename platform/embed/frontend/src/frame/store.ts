/**
 * What this browser keeps of one site's chat: in the storage of our own host, which browsers part by the page that the
 * frame stands in. Where it is closed to frames, memory takes its place, until the frame is loaded anew.
 */
export class Store {
  private memory = new Map<string, string>();

  /** @param key the site's public key */
  constructor(private key: string) {}

  /** "" for what is not kept. */
  get(name: string): string {
    try {
      return localStorage.getItem(this.full(name)) ?? this.memory.get(name) ?? "";
    } catch {
      return this.memory.get(name) ?? "";
    }
  }

  /** "" forgets it. */
  set(name: string, value: string) {
    this.memory.delete(name);
    try {
      if (value) localStorage.setItem(this.full(name), value);
      else localStorage.removeItem(this.full(name));
    } catch {
      if (value) this.memory.set(name, value);
    }
  }

  /** Call back when another tab has changed it. */
  watch(name: string, changed: () => void) {
    addEventListener("storage", ({ key }) => (key === this.full(name) || key === null) && changed());
  }

  private full(name: string) {
    return `atrium:${this.key}:${name}`;
  }
}
