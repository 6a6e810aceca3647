// Keeps documents' states up to date, on their list and on a document's own page, while any of them is in work.

import { pollWhileVisible, statesOf } from "./polling.js";

const announcer = /** @type {HTMLElement|null} */ (document.querySelector("[data-states-url]"));
const underWay = () => [...document.querySelectorAll("[data-document][data-under-way]")];

if (announcer && underWay().length) pollWhileVisible(refresh)();

async function refresh() {
  const waiting = underWay();
  if (!waiting.length) return "done";
  const found = new Map();
  const ids = [...new Set(waiting.map((element) => element.dataset.document))];
  for (const state of await statesOf(announcer.dataset.statesUrl, ids)) found.set(state.id, state);
  let outcome = "same";
  for (const element of waiting) if (show(element, found.get(element.dataset.document))) outcome = "changed";
  return underWay().length ? outcome : "done";
}

/** @param {HTMLElement} element @param {any} state undefined where the document is not there any more */
function show(element, state) {
  if (state && state.status === element.dataset.status) return false;
  const tag = element.querySelector(".console-tag");
  const note = element.querySelector(".console-state-note");
  tag.className = `console-tag is-${state ? state.status : "cancelled"}`;
  tag.textContent = state ? state.label : "Deleted";
  if (note) note.textContent = state ? state.note : "";
  element.dataset.status = state ? state.status : "deleted";
  if (state?.under_way) return true;
  element.removeAttribute("data-under-way");
  if (state) {
    const passages = document.querySelector(`[data-passages="${state.id}"]`);
    if (passages) passages.textContent = String(state.passages);
    announcer.textContent = `${state.name}: ${state.label}. ${state.note}`;
  }
  if (element.closest("[data-reload-when-done]")) reloadUnlessWrittenIn(element);
  return true;
}

/** What the document's page says of its text is of before. Who is writing into the form decides when to see it. */
function reloadUnlessWrittenIn(element) {
  const form = /** @type {HTMLFormElement|null} */ (document.querySelector("#document_form"));
  const written = [...(form?.elements ?? [])].some((field) => "defaultValue" in field && field.value !== field.defaultValue);
  if (!written) {
    window.location.reload();
    return;
  }
  const link = document.createElement("a");
  link.className = "console-link";
  link.href = window.location.href;
  link.textContent = "Show what it is now";
  element.after(link);
}
