import { en } from "../locales/en";

export type Key = keyof typeof en;

/** A text, or one for each plural category of the language. */
export type Text = string | ({ readonly other: string } & { readonly [category in Intl.LDMLPluralRule]?: string });

/** A language: a file in ../locales exports one. A key that is missing there is a type error. */
export type Messages = Readonly<Record<Key, Text>>;

let messages: Messages = en;
let plurals = new Intl.PluralRules("en");

/** Show another language from now on. @param locale a BCP 47 tag, for numbers and plurals */
export function useMessages(locale: string, language: Messages): void {
  messages = language;
  plurals = new Intl.PluralRules(locale);
}

/** The text for a key, its `{parameters}` filled in. `count` chooses among plural forms. */
export function t(key: Key, parameters: Readonly<Record<string, string | number>> = {}): string {
  const text = messages[key];
  const form = typeof text === "string" ? text : (text[plurals.select(Number(parameters.count))] ?? text.other);
  return form.replace(/\{(\w+)\}/g, (all, name: string) => String(parameters[name] ?? all));
}
