/** Less than this is a bar of the browser's that comes and goes, not a keyboard. */
const KEYBOARD_PX = 100;

type Viewport = Pick<VisualViewport, "height" | "scale" | "addEventListener">;

/**
 * Keeps the composer above a keyboard on the screen where the browser does not make the page smaller for it (Safari).
 * The element gets how much of its height is covered, in `--chat-keyboard`.
 * @param signal ends with the chat
 */
export function fitAboveKeyboard(
  element: HTMLElement,
  signal: AbortSignal,
  viewport: Viewport | null = window.visualViewport,
): void {
  const fit = () => {
    const covered = viewport && viewport.scale === 1 ? Math.round(innerHeight - viewport.height) : 0;
    const isOpen = covered > KEYBOARD_PX;
    if (isOpen) scrollTo(0, 0); // Safari moves the page up, under its own bar
    element.style.setProperty("--chat-keyboard", isOpen ? `${covered}px` : "0px");
  };
  viewport?.addEventListener("resize", fit, { signal });
}
