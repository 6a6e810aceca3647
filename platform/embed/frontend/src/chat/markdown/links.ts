const SAFE_PROTOCOLS = new Set(["http:", "https:", "mailto:"]);

/**
 * The address that a link may lead to, or null. Only absolute http, https and mailto addresses pass; the
 * browser's own parser decides what the scheme is, so that tabs, line breaks, entities and case in
 * `java\tscript:` do not help. An address with a user name in it (`https://bank.example@evil.example/`) is a
 * disguise and does not pass either.
 */
export function safeAddress(address: string): string | null {
  let url;
  try {
    url = new URL(address);
  } catch {
    return null;
  }
  if (!SAFE_PROTOCOLS.has(url.protocol) || url.username || url.password) return null;
  return url.href;
}

/**
 * A bare address at the start of `text`: how many characters of it belong to the address. Punctuation at its
 * end belongs to the sentence, a closing bracket only when no opening one is in the address.
 * @returns 0 when there is none
 */
export function bareAddressLength(text: string): number {
  const match = /^https?:\/\/[^\s<>"`]+/i.exec(text);
  if (!match) return 0;
  let address = match[0];
  for (;;) {
    const last = address[address.length - 1];
    const unbalanced = last === ")" && count(address, ")") > count(address, "(");
    if (!unbalanced && !/[.,;:!?'*_~\]|]/.test(last)) break;
    address = address.slice(0, -1);
  }
  return /^https?:\/\/[^/]/i.test(address) ? address.length : 0;
}

function count(text: string, character: string) {
  return text.split(character).length - 1;
}
