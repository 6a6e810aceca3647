// The preview beside the form of an embedded chat: drawn anew with each key, by the browser alone.

import { asColour, palette, unreadable } from "./palette.js";

const SCHEMES = ["light", "dark"];
const COLOURS = ["accent", "ground", "surface", "text"];

const panel = document.querySelector("[data-site-preview]");
const form = document.getElementById("site_form");
if (panel && form?.elements.namedItem("theme")) begin();

function begin() {
  const drawing = JSON.parse(document.getElementById("site-drawing").textContent);
  const stage = panel.querySelector("[data-stage]");
  for (const button of panel.querySelectorAll("button[data-device], button[data-scheme]")) {
    button.addEventListener("click", () => {
      Object.assign(stage.dataset, { ...button.dataset });
      draw();
    });
  }
  for (const field of form.querySelectorAll("input[data-colour]")) addPicker(field);
  if (matchMedia("(prefers-color-scheme: dark)").matches) stage.dataset.scheme = "dark";
  form.addEventListener("input", draw);
  form.addEventListener("change", draw);
  panel.hidden = false;
  draw();

  function draw() {
    const colours = palettes(drawing.own);
    const theme = valueOf("theme");
    if (theme !== "auto") stage.dataset.scheme = theme;
    for (const button of panel.querySelectorAll("button[data-scheme]")) {
      button.disabled = theme !== "auto" && button.dataset.scheme !== theme;
    }
    for (const button of panel.querySelectorAll("button[data-device], button[data-scheme]")) {
      const [[name, value]] = Object.entries(button.dataset);
      button.setAttribute("aria-pressed", String(stage.dataset[name] === value));
    }
    paint(stage, colours[stage.dataset.scheme]);
    write(stage, drawing.icons);
    for (const picker of form.querySelectorAll("input[type=color]")) follow(picker, colours);
    tell(colours, theme === "auto" ? SCHEMES : [theme], drawing);
  }
}

/** A field's text; "" where there is none. */
function valueOf(name) {
  return form.elements.namedItem(name)?.value.trim() ?? "";
}

function palettes(own) {
  const chosen = Object.fromEntries(SCHEMES.map((scheme) => [scheme, chosenFor(scheme)]));
  return Object.fromEntries(
    SCHEMES.map((scheme) => [scheme, palette(scheme, chosen[scheme], chosen.light, own)]),
  );
}

function chosenFor(scheme) {
  const chosen = {};
  for (const name of COLOURS) {
    const colour = asColour(valueOf(`${scheme}_${name}`));
    if (colour) chosen[name] = colour;
  }
  for (const [name, value] of variablesOf(scheme)) {
    const colour = asColour(value);
    if (colour) chosen[name] = colour;
  }
  return chosen;
}

/** Names without --atrium-, and what they are set to. */
function variablesOf(scheme) {
  const lines = valueOf(`${scheme}_variables`).matchAll(/^\s*--atrium-([a-z-]+)\s*:\s*(.*?)\s*;?\s*$/gm);
  return [...lines].map(([, name, value]) => [name, value]);
}

function paint(stage, colours) {
  for (const [name, value] of Object.entries(colours)) stage.style.setProperty(`--atrium-${name}`, value);
  const set = new Map(variablesOf(stage.dataset.scheme));
  for (const name of ["font", "shadow"]) stage.style.setProperty(`--atrium-${name}`, set.get(name) ?? "");
  stage.style.setProperty("--atrium-radius", `${pixels("radius", 14)}px`);
  stage.style.setProperty("--from-side", `${pixels("offset_x", 20)}px`);
  stage.style.setProperty("--from-below", `${pixels("offset_y", 20)}px`);
  stage.dataset.position = valueOf("position") || "right";
}

function pixels(name, usual) {
  const number = Number(valueOf(name) || usual);
  return Number.isFinite(number) ? number : usual;
}

function write(stage, icons) {
  const part = (name) => stage.querySelector(`[data-part=${name}]`);
  part("name").textContent = valueOf("name") || "The chat’s name";
  for (const name of ["greeting", "consent"]) {
    part(name).textContent = valueOf(name);
    part(name).hidden = !valueOf(name);
  }
  const questions = valueOf("starters").split("\n").map((line) => line.trim()).filter(Boolean);
  part("starters").replaceChildren(...questions.slice(0, 6).map((text) => element("li", text)));
  const [text, label] = [valueOf("icon_text"), valueOf("label")];
  part("icon").toggleAttribute("hidden", Boolean(text));
  part("icon").firstElementChild.setAttribute("d", icons[valueOf("icon")] ?? icons.chat);
  part("icon-text").textContent = text;
  part("icon-text").hidden = !text;
  part("label").textContent = label;
  part("label").hidden = !label;
}

function element(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

/** A colour's field gets the browser's own picker beside it. */
function addPicker(field) {
  const picker = document.createElement("input");
  picker.type = "color";
  picker.className = "site-colour";
  picker.dataset.field = field.name;
  picker.setAttribute("aria-label", `${field.labels[0]?.textContent.trim() ?? field.name}: choose`);
  picker.addEventListener("input", () => {
    field.value = picker.value;
  });
  const row = document.createElement("div");
  row.className = "site-colour-row";
  field.replaceWith(row);
  row.append(picker, field);
}

function follow(picker, colours) {
  const [scheme, name] = picker.dataset.field.split("_");
  picker.value = colours[scheme][name];
}

/** What cannot be read, each with a button that mends it where one colour would. */
function tell(colours, schemes, drawing) {
  const list = panel.querySelector("[data-problems]");
  const found = schemes.flatMap((scheme) =>
    unreadable(colours[scheme], drawing.pairs).map((each) => ({ scheme, ...each })),
  );
  const said = JSON.stringify(found);
  if (list.dataset.said === said) return; // a button that is being pressed stays where it is
  list.dataset.said = said;
  list.replaceChildren(...found.map((each) => problem(each, drawing.names)));
  panel.querySelector("[data-readable]").hidden = found.length > 0;
}

function problem({ scheme, name, on, found, ratio, passing }, names) {
  const item = element("li", `${scheme === "dark" ? "Dark" : "Light"}: the ${names[name]} on the ${names[on]} has a `
    + `contrast of ${found}:1 and needs ${ratio}:1. `);
  const field = form.elements.namedItem(`${scheme}_${name}`);
  if (passing && field) {
    const button = element("button", `Use ${passing}`);
    button.type = "button";
    button.addEventListener("click", () => {
      field.value = passing;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    });
    item.append(button);
  }
  return item;
}
