/**
 * @typedef {import("./strings.js").Strings} Strings
 * @typedef {"running"|"completed"|"failed"|"refused"|"stopped"} StepState
 */

import { argumentsView, readableName } from "./arguments.js";
import { make } from "./dom.js";
import { icon } from "./icons.js";

/** What the assistant does before and while it answers: its tool calls, each with how it ended. */
export class Steps {
  /** @param {Strings} strings */
  constructor(strings) {
    this.strings = strings;
    /** @type {Map<string, { item: HTMLElement, state: HTMLElement }>} by call */
    this.steps = new Map();
    this.summary = make("summary", {});
    this.list = make("ul", {});
    this.element = make(
      "details",
      { class: "chat-steps", hidden: true, "data-testid": "steps" },
      this.summary,
      this.list,
    );
  }

  clear() {
    this.steps.clear();
    this.list.replaceChildren();
    this.element.hidden = true;
  }

  /** @param {{ call_id: string, name: string, args?: Record<string, any> }} call */
  start({ call_id, name, args }) {
    const state = make("span", { class: "chat-step-state" });
    const label = make("span", { class: "chat-step-name", dir: "auto" }, readableName(name));
    const head = [icon("tool"), label, " ", state];
    const item = make(
      "li",
      { class: "chat-step", title: name, "data-testid": "step" },
      Object.keys(args ?? {}).length
        ? make("details", {}, make("summary", {}, ...head), argumentsView(args, this.strings))
        : make("p", {}, ...head),
    );
    this.steps.get(call_id)?.item.remove();
    this.steps.set(call_id, { item, state });
    this.list.append(item);
    this.mark(call_id, "running");
    this.element.hidden = false;
    this.element.open = true;
    this.summary.textContent = this.strings.steps(this.steps.size);
  }

  /** @param {{ call_id: string, name: string, status: string, error_type?: string }} call */
  finish({ call_id, name, status }) {
    if (!this.steps.has(call_id)) this.start({ call_id, name });
    this.mark(call_id, status === "completed" || status === "refused" ? status : "failed");
  }

  /** The answer is there: the steps fold away. */
  close() {
    for (const [id, { item }] of this.steps) if (item.dataset.state === "running") this.mark(id, "stopped");
    this.element.open = false;
  }

  /** @param {string} id @param {StepState} state */
  mark(id, state) {
    const step = this.steps.get(id);
    if (!step) return;
    step.item.dataset.state = state;
    step.state.textContent = this.strings.stepStates[state];
  }
}
