// The settings that stand in the playground's form, as the API takes them.

const CHOSEN = "chosen";

/** @param {HTMLFormElement} form */
export function readDraft(form) {
  const given = new FormData(form);
  const text = (/** @type {string} */ name) => String(given.get(name) ?? "").trim();
  const knowledge = text("knowledge");
  return {
    instructions: text("instructions"),
    model: text("model"),
    temperature: number(text("temperature")),
    tools: text("which_tools") === CHOSEN ? given.getAll("tools") : null,
    knowledge,
    collections: knowledge === CHOSEN ? given.getAll("collections") : [],
    grounded: { yes: true, no: false }[text("grounded")] ?? null,
    unsupported_answer: text("unsupported_answer"),
  };
}

/** What is no number goes as it is: the server says what it wants. @param {string} text */
function number(text) {
  if (text === "") return null;
  const value = Number(text.replace(",", "."));
  return Number.isFinite(value) ? value : text;
}

/** Show tools and collections only where they are chosen. @param {HTMLFormElement} form */
export function showChosen(form) {
  const given = new FormData(form);
  form.querySelector("[data-field=tools]").hidden = given.get("which_tools") !== CHOSEN;
  form.querySelector("[data-field=collections]").hidden = given.get("knowledge") !== CHOSEN;
}
