import { argumentsView, readableName } from "./arguments";
import { make } from "./dom";
import { icon } from "./icons";
import { t } from "./strings";
import type { ToolCallMade } from "./types";

export type StepState = "running" | "completed" | "failed" | "refused" | "stopped";

/** What the assistant does before and while it answers: its tool calls, each with how it ended. */
export class Steps {
  /** by call */
  steps: Map<string, { item: HTMLElement; state: HTMLElement }> = new Map();
  summary: HTMLElement;
  list: HTMLUListElement;
  element: HTMLDetailsElement;

  constructor() {
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

  start({ call_id, name, args }: { call_id: string, name: string, args?: Record<string, any> }) {
    const state = make("span", { class: "chat-step-state" });
    const label = make("span", { class: "chat-step-name", dir: "auto" }, readableName(name));
    const head = [icon("tool"), label, " ", state];
    const item = make(
      "li",
      { class: "chat-step", title: name, "data-testid": "step" },
      Object.keys(args ?? {}).length
        ? make("details", {}, make("summary", {}, ...head), argumentsView(args))
        : make("p", {}, ...head),
    );
    this.steps.get(call_id)?.item.remove();
    this.steps.set(call_id, { item, state });
    this.list.append(item);
    this.mark(call_id, "running");
    this.element.hidden = false;
    this.element.open = true;
    this.summary.textContent = t("steps", { count: this.steps.size });
  }

  finish({ call_id, name, status }: { call_id: string, name: string, status: string, error_type?: string }) {
    if (!this.steps.has(call_id)) this.start({ call_id, name });
    this.mark(call_id, status === "completed" || status === "refused" ? status : "failed");
  }

  /** Show what a run has called, folded away. */
  restore(calls: readonly ToolCallMade[]) {
    this.clear();
    calls.forEach(({ name, args, status }, index) => {
      const call_id = String(index); // a model may use an id again
      this.start({ call_id, name, args });
      this.mark(call_id, status === "open" ? "stopped" : status);
    });
    this.close();
  }

  /** The answer is there: the steps fold away. */
  close() {
    for (const [id, { item }] of this.steps) if (item.dataset.state === "running") this.mark(id, "stopped");
    this.element.open = false;
  }

  mark(id: string, state: StepState) {
    const step = this.steps.get(id);
    if (!step) return;
    step.item.dataset.state = state;
    step.state.textContent = t(`stepStates.${state}`);
  }
}
