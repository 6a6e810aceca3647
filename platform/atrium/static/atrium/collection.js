// Keeps a collection's figures up to date while its documents are in work, or its passages get another model.

import { pollWhileVisible } from "./polling.js";

const root = /** @type {HTMLElement|null} */ (document.querySelector("[data-progress-url]"));
let shown = root?.dataset.shown ?? "";

if (root && "busy" in root.dataset) pollWhileVisible(refresh)();

async function refresh() {
  const response = await fetch(root.dataset.progressUrl, { headers: { Accept: "application/json" }, redirect: "error" });
  if (!response.ok) throw new Error(String(response.status));
  const now = await response.json();
  const text = JSON.stringify(now);
  const changed = text !== shown;
  shown = text;
  showFigures(now);
  if (now.reembedding) showChange(now.reembedding);
  if (now.under_way || now.reembedding) return changed ? "changed" : "same";
  window.location.reload();
  return "done";
}

function showFigures({ by_status, documents, passages }) {
  const figures = { ...by_status, documents, passages };
  for (const [name, number] of Object.entries(figures)) {
    const place = root.querySelector(`[data-figure="${name}"]`);
    if (place) place.textContent = number.toLocaleString("en");
  }
}

function showChange({ done, chunks }) {
  const bar = root.querySelector("progress");
  if (!bar) return;
  bar.max = Math.max(1, chunks);
  bar.value = done;
  const words = root.querySelector("[data-change]");
  if (words) words.textContent = `${done.toLocaleString("en")} of ${chunks.toLocaleString("en")}`;
}
