/**
 * Runs in the page before anything else, and writes down what hostile text has brought about: what ran, what the
 * Content-Security-Policy had to stop, and what came to stand where only text may stand. `window.__seen` has it.
 */
(() => {
  const seen = (window.__seen = new Set());
  const note = (words) => seen.size < 200 && seen.add(words.slice(0, 300));

  // Text of others is shown in these: what the chat's own renderer makes, and nothing else.
  const TEXT = ".chat-text, .chat-answer-text, [data-testid=answer-text], [data-testid=passage], [data-testid=question]";
  const IN_TEXT = new Set(
    ("p br strong em b i s del code pre ul ol li blockquote table thead tbody tr th td a h2 h3 h4 h5 h6 hr div span" +
      " mark sup button svg path use")
      .toUpperCase()
      .split(" "),
  );
  const ATTRIBUTES =
    /^(href|title|target|rel|referrerpolicy|dir|start|scope|tabindex|role|class|type|lang|aria-(label|haspopup|hidden|labelledby)|data-[a-z-]+|viewbox|d)$/;
  // Anywhere in the chat: what loads, runs, or takes what is typed.
  const NOWHERE =
    "script, iframe, frame, object, embed, style, base, meta, link, img, picture, video, audio, source, math, portal," +
    " foreignObject, annotation-xml, template, noscript, marquee, animate, set, map, area, applet, fencedframe, slot";

  let pwned;
  Object.defineProperty(window, "__pwned", {
    get: () => pwned,
    set: (value) => note(`ran: ${(pwned = value)}`),
  });
  window.open = window.print = (...said) => note(`opened ${said}`);
  addEventListener("securitypolicyviolation", (event) =>
    note(`stopped by the policy: ${event.effectiveDirective} ${event.blockedURI} ${event.sample}`),
  );
  window.navigation?.addEventListener("navigate", (event) => {
    if (event.hashChange || new URL(event.destination.url).pathname === location.pathname) return;
    note(`left for ${event.destination.url}`);
    event.preventDefault();
  });

  function judge(element) {
    if (!(element instanceof Element)) return;
    if (!(element.closest("atrium-chat") ?? element.getRootNode().host?.closest("atrium-chat"))) return;
    const words = element.cloneNode(false).outerHTML;
    const own = element.matches("atrium-chat > noscript") || element.closest("[data-slot]"); // the page brought them
    if (element.matches(NOWHERE) && !own) note(`in the chat: ${words}`);
    for (const [name, value] of attributesOf(element)) {
      if (/^on/i.test(name)) note(`handler: ${words}`);
      if (/^\W*(javascript|vbscript|data)\W*:/i.test(value) && /href|src|action/i.test(name)) note(`link: ${words}`);
    }
    if (!element.parentElement?.closest(TEXT)) return;
    if (!IN_TEXT.has(element.tagName.toUpperCase())) note(`in a text: ${words}`);
    for (const [name, value] of attributesOf(element)) {
      if (!ATTRIBUTES.test(name.toLowerCase())) note(`attribute ${name} in a text: ${words}`);
      // The chat's own marker of a source is named after its title, in which HTML is text.
      if (/^[^<]*IMITATION/.test(value) && !/^(href|title|data-language)$/.test(name)) note(`imitation: ${words}`);
    }
    if (element.tagName === "BUTTON" && /IMITATION/.test(element.textContent)) note(`imitation: ${words}`);
    if (element.closest("svg") && !element.closest("button")) note(`picture in a text: ${words}`);
    if (element.tagName === "A") judgeLink(element, words);
  }

  // A field of a form can be named "attributes", and then stands where they would be.
  const attributesOf = (element) =>
    Element.prototype.getAttributeNames.call(element).map((name) => [name, element.getAttribute(name)]);

  function judgeLink(link, words) {
    if (!link.hasAttribute("href")) return;
    if (!["http:", "https:", "mailto:"].includes(link.protocol)) note(`link to ${link.href}`);
    if (link.username || link.password) note(`link with a name: ${link.href}`);
    if (link.target !== "_blank" || !link.relList.contains("noopener")) note(`link that opens here: ${words}`);
  }

  function judgeAll(root) {
    judge(root);
    for (const element of root.querySelectorAll?.("*") ?? []) judge(element);
  }
  const watch = (root) =>
    new MutationObserver((changes) => {
      for (const { type, target, addedNodes } of changes) {
        if (type === "attributes") judge(target);
        else for (const node of addedNodes) judgeAll(node);
      }
    }).observe(root, { subtree: true, childList: true, attributes: true });
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (options) {
    const root = attach.call(this, options);
    watch(root);
    return root;
  };
  watch(document);

  window.__verdict = () => {
    for (const name in {}) note(`polluted: ${name}`);
    for (const chat of document.querySelectorAll("atrium-chat")) judgeAll(chat);
    return [...seen];
  };
})();
