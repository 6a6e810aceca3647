// The playground: a question is asked as the chat asks, of an assistant with the settings that stand beside it.

import { ApiClient, MarkdownView, cookie, followRun, make, newKey } from "../embed/dist/console.js";
import { readDraft, showChosen } from "./playground-draft.js";

const root = /** @type {HTMLElement} */ (document.querySelector(".console-playground"));
const { assistant, csrfCookie, runUrl } = root.dataset;
const api = new ApiClient({ base: "/api", proof: async () => ({ "X-CSRFToken": cookie(csrfCookie) }) });
const path = `admin/assistants/${encodeURIComponent(assistant)}/`;

const draft = root.querySelector("#playground-draft");
const turns = root.querySelector(".console-trial-turns");
const empty = root.querySelector(".console-trial-empty");
const asking = root.querySelector(".console-trial-ask");
const question = root.querySelector("#playground-question");
const stopButton = root.querySelector("[data-stop]");
const againButton = root.querySelector("[data-again]");
const announcer = root.querySelector("[data-announcer]");
const chooser = root.querySelector("#playground-assistant");

/** @type {string|null} */
let threadId = null;
/** @type {Trial|null} */
let current = null;

/** One question, its answer, and what that rests on. */
class Trial {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
    this.answer = "";
    this.place = { runId: null, after: 0 };
    this.bubble = make("div", { class: "console-bubble console-prose is-rendered", "data-testid": "trial-answer" });
    this.markdown = new MarkdownView(this.bubble, (number) => make("sup", { class: "console-cite" }, String(number)));
    this.more = make("div", { class: "console-trial-more" });
    this.note = make("p", { class: "console-note", "data-testid": "trial-state" }, "Working …");
    this.element = make(
      "article",
      { class: "console-trial-turn", "data-testid": "trial", "aria-busy": "true" },
      said("is-human", "You", make("div", { class: "console-bubble" }, text)),
      said("is-ai", chooser.selectedOptions[0].textContent, this.bubble),
      this.note,
      this.more,
    );
  }

  /** Ask, and follow the run to its end. */
  ask() {
    const body = { content: this.text, thread_id: threadId, settings: readDraft(draft), mode: "stream" };
    const key = newKey();
    return this.follow(() => api.stream("POST", `${path}playground/`, { body, key }));
  }

  /** @param {"approve"|"refuse"} decision on all calls that wait @param {{ id: string }[]} calls */
  decide(decision, calls) {
    const decisions = calls.map(({ id }) => ({ call_id: id, decision }));
    const key = newKey();
    return this.follow(() => api.decide(this.place.runId, decisions, { key }));
  }

  async follow(begin) {
    this.waits = false;
    setCurrent(this);
    this.show("Working …");
    try {
      const rejoin = (runId, after) => api.runEvents(runId, after, {});
      for await (const event of followRun({ place: this.place, begin, rejoin })) this.receive(event);
    } catch (error) {
      this.fail(error.detail || error.message || "This did not work.");
    }
    if (this.waits) return;
    setCurrent(null);
    this.element.removeAttribute("aria-busy");
    if (this.place.runId !== null) await this.explain();
  }

  receive({ event, data }) {
    if (event === "run.started") threadId = data.thread_id ?? threadId;
    else if (event === "run.restarted") this.answer = "";
    else if (event === "message.delta") this.answer += data.text ?? "";
    else if (event === "output") this.answer += `\`\`\`json\n${JSON.stringify(data.output, null, 2)}\n\`\`\``;
    else if (event === "tool.started") this.show(`Calling ${data.name} …`);
    else if (event === "tool.finished") this.show("Working …");
    else if (event === "run.waiting") this.wait(data.tool_calls ?? []);
    else if (event === "run.cancelled") this.show("Stopped.");
    else if (event === "run.done") this.done();
    else if (event === "error") this.fail(data.detail);
    this.markdown.show(this.answer);
  }

  done() {
    this.note.remove();
    announcer.textContent = `The answer is there: ${this.bubble.textContent.slice(0, 500)}`;
  }

  /** A person decides on the calls: the one who tries. */
  wait(calls) {
    this.waits = true;
    this.show("It waits for your approval:");
    const shown = calls.map(({ name, args }) => make("li", {}, make("strong", {}, name), make("pre", {}, JSON.stringify(args, null, 2))));
    const decide = (decision) => () => void this.decide(decision, calls).then(() => box.remove()) && box.replaceChildren();
    const box = make(
      "div",
      { class: "console-trial-approval", role: "group", "aria-label": "Approval", "data-testid": "trial-approval" },
      make("ul", {}, ...shown),
      make("button", { type: "button", class: "console-button", on: { click: decide("approve") } }, "Approve"),
      make("button", { type: "button", class: "console-button console-button-plain", on: { click: decide("refuse") } }, "Refuse"),
    );
    this.note.after(box);
    box.querySelector("button").focus();
    stopButton.hidden = true;
  }

  stop() {
    if (this.place.runId !== null) void api.cancelRun(this.place.runId);
  }

  show(text) {
    this.note.textContent = text;
  }

  fail(text) {
    const failure = make("div", { class: "console-failure", role: "alert", "data-testid": "trial-failed" }, make("p", {}, text));
    this.note.replaceWith(failure);
    if (this.place.runId === null && !question.value) question.value = this.text; // it was refused: to be asked again
  }

  /** What it rests on, from the server, which shows runs everywhere in the same way. */
  async explain() {
    const response = await fetch(runUrl.replace("RUN", encodeURIComponent(this.place.runId)), { credentials: "same-origin" });
    if (!response.ok) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const each of page.querySelectorAll("[id]")) each.removeAttribute("id"); // several answers on one page
    const summary = make("summary", {}, "What this answer rests on");
    this.more.replaceChildren(make("details", { open: true, "data-testid": "trial-details" }, summary, ...page.body.childNodes));
  }
}

/** @param {string} kind @param {string} who @param {Node} what */
function said(kind, who, what) {
  return make("div", { class: `console-said ${kind}` }, make("p", { class: "console-said-who" }, who), what);
}

/** @param {Trial|null} trial */
function setCurrent(trial) {
  current = trial;
  stopButton.hidden = !trial;
  againButton.hidden = Boolean(trial) || !turns.querySelector(".console-trial-turn");
  asking.querySelector("[type=submit]").disabled = Boolean(trial);
}

/** @param {string} text */
function ask(text) {
  if (current || !text.trim()) return;
  empty.remove();
  for (const details of turns.querySelectorAll(".console-trial-more > details")) details.open = false;
  const trial = new Trial(text.trim());
  turns.append(trial.element);
  question.value = "";
  trial.element.scrollIntoView({ block: "nearest" });
  void trial.ask();
}

function startAgain() {
  threadId = null;
  turns.replaceChildren(empty);
  setCurrent(null);
  question.focus();
}

async function save() {
  const status = root.querySelector("[data-testid=draft-saved]");
  status.textContent = "";
  try {
    await api.json("PATCH", path, readDraft(draft));
    status.textContent = "Saved. Everybody gets it from now on.";
  } catch (error) {
    status.textContent = error.detail || "This could not be saved.";
  }
}

asking.addEventListener("submit", (event) => {
  event.preventDefault();
  ask(question.value);
});
question.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  ask(question.value);
});
for (const starter of root.querySelectorAll("[data-starter]")) starter.addEventListener("click", () => ask(starter.textContent));
stopButton.addEventListener("click", () => current?.stop());
againButton.addEventListener("click", startAgain);
chooser.addEventListener("change", () => location.assign(chooser.value));
root.querySelector("[data-testid=save-draft]").addEventListener("click", () => void save());
draft.addEventListener("change", () => showChosen(draft));
draft.addEventListener("submit", (event) => event.preventDefault());
showChosen(draft);
if (matchMedia("(max-width: 64rem)").matches) root.querySelector(".console-draft").open = false;
root.dataset.ready = "true";
