// The little that the consoles do beyond unfold. Without it nothing is missing: times are in UTC, and keys are
// copied by hand.

document.addEventListener("DOMContentLoaded", () => {
  showLocalTimes();
  for (const button of document.querySelectorAll("button[data-copy]")) makeCopyButton(button);
});

function showLocalTimes() {
  const format = new Intl.DateTimeFormat([], { dateStyle: "medium", timeStyle: "short" });
  for (const element of document.querySelectorAll("time[datetime]")) {
    const moment = new Date(element.dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    element.title = element.textContent.trim();
    element.textContent = format.format(moment);
  }
}

/** @param {HTMLButtonElement} button */
function makeCopyButton(button) {
  const source = document.getElementById(button.dataset.copy);
  if (!source || !navigator.clipboard) return; // there is no clipboard without HTTPS or localhost
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(source.textContent.trim());
      button.textContent = "Copied";
    } catch {
      getSelection()?.selectAllChildren(source);
      button.textContent = "Press Ctrl+C";
    }
  });
}
