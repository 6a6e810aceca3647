import { type Translation, useMessages } from "./strings";

/** What the server writes into the page. It has chosen the language: the page's `lang` and `dir` say so from the start. */
export interface Language {
  /** the address of the words, a module that exports `messages`; the page's head has begun to load it */
  words: string;
  /** a BCP 47 tag, for numbers and plurals: "de-AT" has numbers of its own */
  locale: string;
}

/** Load the words, once more where that fails: a browser does not ask again for a module that did not come. */
export async function speak({ words, locale }: Language): Promise<void> {
  const load = async (address: string): Promise<{ messages: Translation }> => import(address);
  const { messages } = await load(words).catch(() => load(`${words}?again`));
  useMessages(locale, messages, document.dir === "rtl");
}

/**
 * Say in the place of the chat that its words did not come, in those that the server has written into the page.
 * @param close closes the panel around it, where there is one
 */
export function sayNothingLoaded(element: HTMLElement, close: (() => void) | null): void {
  const { content } = document.getElementById("not-loaded") as HTMLTemplateElement;
  element.replaceChildren(content.cloneNode(true));
  element.querySelector("[data-testid=reload]")?.addEventListener("click", () => location.reload());
  const button = element.querySelector<HTMLElement>("[data-testid=close-chat]");
  if (!button) return;
  button.hidden = !close;
  button.addEventListener("click", () => close?.());
}
