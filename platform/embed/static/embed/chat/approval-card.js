/**
 * @typedef {import("./types.js").Decision} Decision
 * @typedef {import("./types.js").ToolCall} ToolCall
 * @typedef {import("./strings.js").Strings} Strings
 */

import { argumentsView, readableName } from "./arguments.js";
import { make } from "./dom.js";

/** The tool calls that a run waits with. They are decided on together: when each has its decision, all are sent. */
export class ApprovalCard {
  /**
   * @param {ToolCall[]} calls
   * @param {(decisions: Decision[]) => void} decide
   * @param {Strings} strings
   */
  constructor(calls, decide, strings) {
    this.decide = decide;
    this.names = calls.map((call) => call.name);
    /** @type {Map<string, Decision|null>} */
    this.decisions = new Map(calls.map((call) => [call.id, null]));
    this.notice = make("div", { class: "chat-approval-notice" });
    this.fields = make(
      "fieldset",
      { class: "chat-approval-fields", "aria-label": strings.approvalTitle(calls.length) },
      make("h3", {}, strings.approvalTitle(calls.length)),
      ...calls.map((call) => new ProposedCall(call, (decision) => this.decided(call, decision), strings).element),
    );
    this.element = make(
      "div",
      { class: "chat-approval", tabIndex: -1, "data-testid": "approval" },
      this.fields,
      this.notice,
    );
  }

  /** @param {ToolCall} call @param {Decision|null} decision null: it is to be thought over */
  decided(call, decision) {
    this.decisions.set(call.id, decision);
    const decisions = [...this.decisions.values()];
    if (!decisions.every(Boolean)) return;
    if (this.element.contains(document.activeElement)) this.element.focus({ preventScroll: true });
    this.fields.disabled = true; // until the server has them
    this.notice.replaceChildren();
    this.decide(/** @type {Decision[]} */ (decisions));
  }

  /** The decisions did not get through. @param {HTMLElement} notice */
  refused(notice) {
    this.fields.disabled = false;
    this.notice.replaceChildren(notice);
  }
}

/** One call: what it would do, and the ways to decide. */
class ProposedCall {
  /** @param {ToolCall} call @param {(decision: Decision|null) => void} decided @param {Strings} strings */
  constructor(call, decided, strings) {
    this.call = call;
    this.tell = decided;
    this.strings = strings;
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
    const { strings } = this;
    this.show(
      argumentsView(this.call.args, strings),
      actions(
        button(strings.approve, "approve", () => this.decide({ decision: "approve" }), "chat-button-main"),
        button(strings.change, "edit-arguments", () => this.edit()),
        button(strings.refuse, "refuse", () => this.refuse()),
      ),
    );
  }

  refuse() {
    const { strings } = this;
    const field = make("textarea", { rows: 2, dir: "auto", "data-testid": "reason" });
    this.show(
      argumentsView(this.call.args, strings),
      make("label", { class: "chat-field" }, strings.reason, field),
      actions(
        button(strings.refuse, "refuse-now", () => {
          this.decide({ decision: "refuse", reason: field.value.trim() });
        }),
        button(strings.back, "back", () => this.think("refuse")),
      ),
    );
    field.focus();
  }

  edit() {
    const { strings } = this;
    const text = JSON.stringify(this.call.args ?? {}, null, 2);
    const rows = Math.min(14, text.split("\n").length + 1);
    const field = make("textarea", { class: "chat-json", rows, spellcheck: false, "data-testid": "json" });
    field.value = text;
    const wrong = make("p", { class: "chat-field-error", role: "alert", "data-testid": "json-error" });
    this.show(
      make("label", { class: "chat-field" }, strings.argumentsAsJson, field),
      wrong,
      actions(
        button(strings.approveChanged, "approve-changed", () => {
          const read = readArguments(field.value, strings);
          wrong.textContent = read.error ?? "";
          field.setAttribute("aria-invalid", String(Boolean(read.error)));
          if (read.args) this.decide({ decision: "edit", args: read.args });
          else field.focus();
        }, "chat-button-main"),
        button(strings.back, "back", () => this.think("edit-arguments")),
      ),
    );
    field.focus();
  }

  /** @param {Omit<Decision, "call_id">} decision */
  decide(decision) {
    const made = { call_id: this.call.id, ...decision };
    this.show(
      argumentsView(decision.args ?? this.call.args, this.strings),
      actions(
        make("p", { class: "chat-decided", "data-testid": "decided" }, this.strings.decided[decision.decision]),
        button(this.strings.back, "back", () => this.think("approve")),
      ),
    );
    /** @type {HTMLElement|null} */ (this.body.querySelector("button"))?.focus();
    this.tell(made);
  }

  /** Back to the question. @param {string} testId of the button that gets the focus */
  think(testId) {
    this.tell(null);
    this.ask();
    /** @type {HTMLElement|null} */ (this.body.querySelector(`[data-testid="${testId}"]`))?.focus();
  }

  /** @param {...Node} content */
  show(...content) {
    this.body.replaceChildren(...content);
  }
}

/**
 * @param {string} text
 * @param {Strings} strings
 * @returns {{ args?: Record<string, any>, error?: string }} `error` says what is wrong with the text
 */
export function readArguments(text, strings) {
  let args;
  try {
    args = JSON.parse(text);
  } catch (error) {
    return { error: strings.notJson(error instanceof Error ? error.message : String(error)) };
  }
  if (typeof args !== "object" || args === null || Array.isArray(args)) return { error: strings.notAnObject };
  return { args };
}

/** @param {...Node} content */
function actions(...content) {
  return make("div", { class: "chat-approval-actions" }, ...content);
}

/** @param {string} label @param {string} testId @param {() => void} click @param {string} [more] */
function button(label, testId, click, more = "") {
  const properties = { type: "button", class: `chat-button ${more}`, "data-testid": testId, on: { click } };
  return make("button", properties, label);
}
