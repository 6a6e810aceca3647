import { argumentsView, readableName } from "./arguments";
import { make } from "./dom";
import { t } from "./strings";
import type { Decision, ToolCall } from "./types";

/** The tool calls that a run waits with. They are decided on together: when each has its decision, all are sent. */
export class ApprovalCard {
  decide: (decisions: Decision[]) => void;
  names: string[];
  decisions: Map<string, Decision | null>;
  notice: HTMLDivElement;
  fields: HTMLFieldSetElement;
  element: HTMLDivElement;

  constructor(calls: ToolCall[], decide: (decisions: Decision[]) => void) {
    this.decide = decide;
    this.names = calls.map((call) => call.name);
    this.decisions = new Map(calls.map((call) => [call.id, null]));
    this.notice = make("div", { class: "chat-approval-notice" });
    this.fields = make(
      "fieldset",
      { class: "chat-approval-fields", "aria-label": t("approvalTitle", { count: calls.length }) },
      make("h3", {}, t("approvalTitle", { count: calls.length })),
      ...calls.map((call) => new ProposedCall(call, (decision) => this.decided(call, decision)).element),
    );
    this.element = make(
      "div",
      { class: "chat-approval", tabIndex: -1, "data-testid": "approval" },
      this.fields,
      this.notice,
    );
  }

  /** @param decision null: it is to be thought over */
  decided(call: ToolCall, decision: Decision | null) {
    this.decisions.set(call.id, decision);
    const decisions = [...this.decisions.values()];
    if (!decisions.every(Boolean)) return;
    if (this.element.contains(document.activeElement)) this.element.focus({ preventScroll: true });
    this.fields.disabled = true; // until the server has them
    this.notice.replaceChildren();
    this.decide((decisions as Decision[]));
  }

  /** The decisions did not get through. */
  refused(notice: HTMLElement) {
    this.fields.disabled = false;
    this.notice.replaceChildren(notice);
  }
}

/** One call: what it would do, and the ways to decide. */
class ProposedCall {
  call: ToolCall;
  tell: (decision: Decision | null) => void;
  body: HTMLDivElement;
  element: HTMLElement;

  constructor(call: ToolCall, decided: (decision: Decision | null) => void) {
    this.call = call;
    this.tell = decided;
    this.body = make("div", {});
    this.element = make(
      "section",
      { class: "chat-proposed", "data-testid": "proposed-call" },
      make(
        "h4",
        {},
        make("span", { dir: "auto" }, readableName(call.name)),
        make("code", { dir: "auto" }, call.name),
      ),
      this.body,
    );
    this.ask();
  }

  ask() {
    this.show(
      argumentsView(this.call.args),
      actions(
        button(t("approve"), "approve", () => this.decide({ decision: "approve" }), "chat-button-main"),
        button(t("change"), "edit-arguments", () => this.edit()),
        button(t("refuse"), "refuse", () => this.refuse()),
      ),
    );
  }

  refuse() {
    const field = make("textarea", { rows: 2, dir: "auto", "data-testid": "reason" });
    this.show(
      argumentsView(this.call.args),
      make("label", { class: "chat-field" }, t("reason"), field),
      actions(
        button(t("refuse"), "refuse-now", () => {
          this.decide({ decision: "refuse", reason: field.value.trim() });
        }),
        button(t("back"), "back", () => this.think("refuse")),
      ),
    );
    field.focus();
  }

  edit() {
    const text = JSON.stringify(this.call.args ?? {}, null, 2);
    const rows = Math.min(14, text.split("\n").length + 1);
    const field = make("textarea", { class: "chat-json", rows, spellcheck: false, "data-testid": "json" });
    field.value = text;
    const wrong = make("p", { class: "chat-field-error", role: "alert", "data-testid": "json-error" });
    this.show(
      make("label", { class: "chat-field" }, t("argumentsAsJson"), field),
      wrong,
      actions(
        button(t("approveChanged"), "approve-changed", () => {
          const read = readArguments(field.value);
          wrong.textContent = read.error ?? "";
          field.setAttribute("aria-invalid", String(Boolean(read.error)));
          if (read.args) this.decide({ decision: "edit", args: read.args });
          else field.focus();
        }, "chat-button-main"),
        button(t("back"), "back", () => this.think("edit-arguments")),
      ),
    );
    field.focus();
  }

  decide(decision: Omit<Decision, "call_id">) {
    const made = { call_id: this.call.id, ...decision };
    this.show(
      argumentsView(decision.args ?? this.call.args),
      actions(
        make("p", { class: "chat-decided", "data-testid": "decided" }, t(`decided.${decision.decision}`)),
        button(t("back"), "back", () => this.think("approve")),
      ),
    );
    (this.body.querySelector("button") as HTMLElement | null)?.focus();
    this.tell(made);
  }

  /**
   * Back to the question.
   * @param testId of the button that gets the focus
   */
  think(testId: string) {
    this.tell(null);
    this.ask();
    (this.body.querySelector(`[data-testid="${testId}"]`) as HTMLElement | null)?.focus();
  }

  show(...content: Node[]) {
    this.body.replaceChildren(...content);
  }
}

/** @returns `error` says what is wrong with the text */
export function readArguments(text: string): { args?: Record<string, any>, error?: string } {
  let args;
  try {
    args = JSON.parse(text);
  } catch (error) {
    return { error: t("notJson", { why: error instanceof Error ? error.message : String(error) }) };
  }
  if (typeof args !== "object" || args === null || Array.isArray(args)) return { error: t("notAnObject") };
  return { args };
}

function actions(...content: Node[]) {
  return make("div", { class: "chat-approval-actions" }, ...content);
}

function button(label: string, testId: string, click: () => void, more: string = "") {
  const properties = { type: "button", class: `chat-button ${more}`, "data-testid": testId, on: { click } };
  return make("button", properties, label);
}
