/** Keeps a chat in the element that a selector finds, also in one that comes later, or again (single-page apps). */
export function place(selector: string, site: string, data: DOMStringMap) {
  const chat = document.createElement("atrium-chat");
  Object.assign(chat.dataset, data, { site });
  const put = () => {
    const target = document.querySelector(selector);
    if (target && !target.contains(chat)) target.append(chat);
  };
  put();
  new MutationObserver(put).observe(document, { childList: true, subtree: true });
}
