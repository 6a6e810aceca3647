import { type Translation, isRightToLeft, useMessages } from "./strings";

/** The address of each language's words, by its tag. English has none: its words are in the chat itself. */
export type Translations = Readonly<Record<string, string>>;

/** What `Intl` takes (RFC 5646); pages say all kinds of things of their language. */
const TAG = /^[a-z]{2,3}(-[a-z0-9]{2,8})*$/i;

/**
 * The tag of the first wanted language that there is; else the first of those that are allowed, else English.
 * `pt-BR` finds `pt`, and the other way round.
 *
 * @param wanted tags, the best first
 * @param allowed tags; empty: all that there are
 */
export function choose(wanted: readonly string[], allowed: readonly string[], known: readonly string[]): string {
  const open = allowed.length ? allowed.flatMap((tag) => match(tag, known) ?? []) : known;
  for (const tag of wanted) {
    const found = match(tag, open);
    if (found) return found;
  }
  return (allowed.length && open[0]) || "en";
}

function match(tag: string, among: readonly string[]): string | undefined {
  const primary = (each: string) => each.toLowerCase().split(/[-_]/)[0];
  const same = (each: string) => each.toLowerCase() === tag.toLowerCase();
  return among.find(same) ?? among.find((each) => primary(each) === primary(tag));
}

/** Choose a language, load its words and tell the page its direction. Without them the chat speaks English. */
export async function speak(wanted: readonly string[], allowed: readonly string[], translations: Translations) {
  const tags = wanted.map((tag) => tag.replace("_", "-")).filter((tag) => TAG.test(tag));
  const language = choose(tags, allowed, ["en", ...Object.keys(translations)]);
  const locale = tags.find((tag) => match(tag, [language])) ?? language; // "de-AT" has numbers of its own
  let words: Translation | undefined;
  try {
    if (language !== "en") words = (await import(translations[language])).messages;
  } catch (error) {
    console.error(error);
    return;
  }
  if (words) useMessages(locale, words);
  document.documentElement.lang = language;
  document.documentElement.dir = isRightToLeft(language) ? "rtl" : "ltr";
}
