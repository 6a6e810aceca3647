// Shows answers as the chat shows them: the chat's own renderer makes nodes of a text that is hostile.

import { MarkdownView } from "../embed/dist/console.js";

for (const element of document.querySelectorAll("[data-markdown]")) {
  const text = element.textContent;
  element.replaceChildren();
  new MarkdownView(element, marker).show(text);
  element.classList.add("is-rendered");
}

/** @param {number} number */
function marker(number) {
  const sup = document.createElement("sup");
  sup.className = "console-cite";
  sup.textContent = String(number);
  return sup;
}
