// Hands files in one by one: each has a bar while it is sent, and then says how far it is until it answers questions.
// Without this script the form sends all of them at once.

import { cookie, make } from "../embed/dist/console.js";
import { pollWhileVisible, statesOf } from "./polling.js";

const AT_ONCE = 3;
const root = /** @type {HTMLElement} */ (document.querySelector(".console-upload"));
const form = /** @type {HTMLFormElement|null} */ (root.querySelector("form"));
if (form) begin();

function begin() {
  const { largest, largestMb, kinds, csrfCookie, statesUrl } = root.dataset;
  const input = /** @type {HTMLInputElement} */ (form.querySelector("input[type=file]"));
  const collection = form.querySelector("select");
  const list = root.querySelector("[data-list]");
  const items = list.querySelector("ul");
  const summary = list.querySelector("[data-summary]");
  /** @type {Upload[]} */
  const all = [];
  let sending = 0;

  /** One file on its way. */
  class Upload {
    /** @param {File} file @param {string} refusal why it is not sent at all */
    constructor(file, refusal) {
      this.file = file;
      this.collection = collection.value;
      this.name = make("span", { class: "console-upload-name" }, file.name);
      this.said = make("p", { class: "console-upload-state" });
      this.bar = make("progress", { class: "console-progress", max: 100, value: 0, "aria-label": `${file.name}, sent` });
      this.button = make("button", { type: "button", class: "console-button console-button-plain" });
      this.element = make("li", { class: "console-upload-file", "data-testid": "file" }, this.name, this.button, this.bar, this.said);
      items.append(this.element);
      if (refusal) this.end("refused", refusal);
      else this.wait();
    }

    wait() {
      this.state = "waiting";
      this.element.className = "console-upload-file";
      this.bar.hidden = false;
      this.bar.value = 0;
      this.say("Waits for its turn.");
      this.offer("Cancel", () => this.end("cancelled", "Cancelled: it was not handed in.", true));
    }

    send() {
      this.state = "sending";
      sending += 1;
      const request = new XMLHttpRequest();
      request.open("POST", `/api/collections/${encodeURIComponent(this.collection)}/files/`);
      request.setRequestHeader("X-CSRFToken", cookie(csrfCookie));
      request.setRequestHeader("Accept", "application/json");
      request.upload.addEventListener("progress", ({ loaded, total }) => this.sent(total ? (100 * loaded) / total : 0));
      request.addEventListener("load", () => this.answered(request));
      request.addEventListener("error", () => this.end("failed", "The connection broke off. Try again.", true));
      request.addEventListener("abort", () => this.end("cancelled", "Cancelled: it was not handed in.", true));
      request.addEventListener("loadend", () => {
        sending -= 1;
        next();
      });
      this.say("Is being sent.");
      this.offer("Cancel", () => request.abort());
      const body = new FormData();
      body.append("files", this.file);
      request.send(body);
    }

    sent(percent) {
      this.bar.value = percent;
      this.say(percent < 100 ? `${Math.floor(percent)} % is sent.` : "Is being stored.");
    }

    answered(request) {
      let answer = {};
      try {
        answer = JSON.parse(request.responseText);
      } catch {
        // A proxy has answered, with a page.
      }
      if (request.status === 401 || request.status === 403) {
        this.end("failed", answer.detail || "You are signed out. Sign in again in another tab, and try again.", true);
      } else if (request.status === 413 && !answer.detail) {
        this.end("refused", tooLarge());
      } else if (request.status !== 201) {
        this.end("failed", answer.detail || `The server did not take it (${request.status}). Try again.`, true);
      } else if (answer.refused.length) {
        this.end("refused", answer.refused[0].detail);
      } else this.taken(answer.documents[0], answer.unchanged.length > 0);
    }

    taken(document, isUnchanged) {
      this.document = document.id;
      this.name.replaceWith(make("a", { class: "console-link console-upload-name", href: `../${document.id}/change/` }, this.file.name));
      if (isUnchanged) {
        this.end("unchanged", "It was there already, letter by letter: nothing has changed.");
        return;
      }
      this.state = "working";
      this.bar.removeAttribute("value"); // how long it takes, nobody knows
      this.bar.setAttribute("aria-label", `${this.file.name}, being taken in`);
      this.button.hidden = true;
      this.say(document.version > 1 ? `Version ${document.version} is handed in, and waits to be read.` : "Handed in, and waits to be read.");
      watch();
    }

    /** @param {any} state as rag/admin/states.py tells it @returns {boolean} whether it is news */
    follow(state) {
      if (!state) this.end("failed", "It was deleted.");
      else if (!state.under_way) this.finished(state);
      else if (state.status !== this.status) this.say({ extracting: "Is being read.", embedding: "Its passages become vectors." }[state.status] ?? "Waits to be read.");
      else return false;
      this.status = state?.status;
      return true;
    }

    finished(state) {
      const passages = `${state.passages} ${state.passages === 1 ? "passage answers" : "passages answer"} questions.`;
      if (state.status === "ready") this.end("ready", `Ready: ${passages}`);
      else this.end("failed", [state.label === "Failed" ? "" : `${state.label}.`, state.note, state.what_to_do].filter(Boolean).join(" "));
    }

    end(state, text, mayTryAgain = false) {
      this.state = state;
      this.bar.hidden = true;
      this.element.classList.toggle("is-bad", state === "refused" || state === "failed");
      this.element.classList.toggle("is-ready", state === "ready");
      this.say(text);
      if (mayTryAgain) this.offer("Try again", () => this.again());
      else this.button.hidden = true;
    }

    again() {
      this.wait();
      next();
    }

    offer(words, listener) {
      this.button.hidden = false;
      this.button.textContent = words;
      this.button.setAttribute("aria-label", `${words}: ${this.file.name}`);
      this.button.onclick = () => {
        listener();
        sumUp();
      };
    }

    say(text) {
      this.said.textContent = text;
    }
  }

  function next() {
    for (const upload of all) {
      if (sending >= AT_ONCE) break;
      if (upload.state === "waiting") upload.send();
    }
    sumUp();
  }

  /** Said aloud: seldom, and not each percent. */
  function sumUp() {
    const count = (...states) => all.filter((upload) => states.includes(upload.state)).length;
    const parts = [
      [count("waiting", "sending"), "being sent"],
      [count("working"), "being taken in"],
      [count("ready", "unchanged"), "ready"],
      [count("refused", "failed"), "not taken"],
      [count("cancelled"), "cancelled"],
    ];
    const text = parts.filter(([number]) => number).map(([number, words]) => `${number} ${words}`).join(", ");
    if (summary.textContent !== text) summary.textContent = text;
  }

  const watch = pollWhileVisible(async () => {
    const working = all.filter((upload) => upload.state === "working");
    if (!working.length) return "done";
    let outcome = "same";
    for (let at = 0; at < working.length; at += 100) {
      const asked = working.slice(at, at + 100);
      const states = new Map((await statesOf(statesUrl, asked.map((upload) => upload.document))).map((state) => [state.id, state]));
      for (const upload of asked) if (upload.follow(states.get(upload.document))) outcome = "changed";
    }
    sumUp();
    return all.some((upload) => upload.state === "working") ? outcome : "done";
  });

  function tooLarge() {
    return `This file is larger than ${largestMb} MB. Split it into several, or save it smaller.`;
  }

  /** Why a file is not worth sending; "" where it is. The server looks at its bytes. @param {File} file */
  function refusalOf(file) {
    const kind = file.type.split("/")[0];
    if (file.size > Number(largest)) return tooLarge();
    if (file.size === 0) return "There is nothing in this file.";
    if (["image", "audio", "video"].includes(kind)) return `This is a picture, a sound or a film. Readable are ${kinds}, and any other text.`;
    return "";
  }

  /** @param {File[]} files @param {string} [refusal] */
  function add(files, refusal) {
    list.hidden = false;
    for (const file of files) all.push(new Upload(file, refusal ?? refusalOf(file)));
    next();
  }

  input.addEventListener("change", () => {
    add([...input.files]);
    input.value = "";
  });
  form.addEventListener("submit", (event) => event.preventDefault());

  const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  let depth = 0;
  const mark = (by) => {
    depth = by === 0 ? 0 : Math.max(0, depth + by);
    root.classList.toggle("is-dropping", depth > 0);
  };
  document.addEventListener("dragenter", (event) => hasFiles(event) && mark(1));
  document.addEventListener("dragleave", (event) => hasFiles(event) && mark(-1));
  document.addEventListener("dragover", (event) => {
    if (hasFiles(event)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    mark(0);
    const isFolder = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()?.isDirectory ?? false);
    const files = [...event.dataTransfer.files];
    add(files.filter((_, at) => !isFolder[at]));
    if (isFolder.some(Boolean)) add(files.filter((_, at) => isFolder[at]), "This is a folder. Open it, and choose the files in it.");
  });
  window.addEventListener("beforeunload", (event) => {
    if (all.some((upload) => ["waiting", "sending"].includes(upload.state))) event.preventDefault();
  });

  for (const element of root.querySelectorAll("[data-with-script]")) element.hidden = false;
  for (const element of root.querySelectorAll("[data-without-script]")) element.remove();
  root.dataset.ready = "";
}
