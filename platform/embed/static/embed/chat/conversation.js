/**
 * @typedef {import("./types.js").Citation} Citation
 * @typedef {import("./types.js").Message} Message
 * @typedef {import("./types.js").StreamEvent} StreamEvent
 * @typedef {import("./types.js").Thread} Thread
 * @typedef {import("./strings.js").Strings} Strings
 *
 * @typedef {object} ConversationEvents   what a conversation tells the chat around it
 * @property {(thread: Thread) => void} created     its first message made a thread of it
 * @property {() => void} changed                   it became busy or idle
 * @property {(text: string) => void} answered      an answer is complete
 * @property {(text: string) => void} edit          the writer wants a message back
 * @property {(citation: Citation) => void} cite    a source is to be shown
 *
 * @typedef {object} Turn   one question and what became of it
 * @property {string} text
 * @property {HTMLElement} question
 * @property {AnswerView} answer
 * @property {string|null} messageId   of the question, once the server has stored it
 * @property {boolean} done
 */

import { make } from "./dom.js";
import { AnswerView, questionView } from "./message-view.js";
import { errorNotice } from "./notice.js";
import { Problem } from "./problem.js";

const LONGEST_NAME = 60; // characters of the first question that name the thread

/** One thread on screen. It goes on while another one is shown, so that a running answer is not lost. */
export class Conversation {
  /**
   * @param {object} options
   * @param {import("./api.js").ApiClient} options.api
   * @param {Strings} options.strings
   * @param {string} options.signInUrl
   * @param {string} options.assistantId
   * @param {Thread|null} options.thread null until the first message is sent
   * @param {ConversationEvents} options.events
   */
  constructor({ api, strings, signInUrl, assistantId, thread, events }) {
    this.api = api;
    this.strings = strings;
    this.signInUrl = signInUrl;
    this.assistantId = assistantId;
    this.thread = thread;
    this.events = events;
    this.busy = false;
    // A log announces every change by itself; that would read out each piece of an answer. The chat announces
    // the complete answer once, in a region of its own.
    this.element = make("div", {
      class: "chat-log",
      role: "log",
      "aria-live": "off",
      "aria-label": strings.messages,
      "data-testid": "log",
    });
  }

  get isEmpty() {
    return !this.element.hasChildNodes();
  }

  /** Show the messages that the server has. */
  async load() {
    if (!this.thread) return;
    this.element.replaceChildren(loadingView(this.strings));
    try {
      const messages = await this.api.messages(this.thread.id);
      this.element.replaceChildren();
      for (const message of messages) this.showStored(message);
    } catch (error) {
      this.element.replaceChildren(this.notice(error, { retry: () => void this.load() }));
    }
  }

  /** @param {string} text */
  send(text) {
    const question = questionView(text, this.strings);
    const answer = this.newAnswer();
    this.element.append(question, answer.element);
    return this.attempt({ text, question, answer, messageId: null, done: false });
  }

  /** @param {Turn} turn */
  async attempt(turn) {
    turn.messageId = null;
    this.setBusy(true);
    turn.answer.begin();
    try {
      const thread = await this.ensureThread(turn.text);
      const message = { assistant_id: this.assistantId, content: turn.text };
      for await (const event of this.api.send(thread.id, message)) this.receive(turn, event);
      if (!turn.done) throw new Problem({ status: 0, code: "connection_lost" });
    } catch (error) {
      if (!turn.done) this.fail(turn, error);
    }
    this.setBusy(false);
  }

  /** @param {Turn} turn @param {StreamEvent} event kinds that the chat does not know are left alone */
  receive(turn, { event, data }) {
    if (event === "run.started") turn.messageId = data.message_id ?? null;
    else if (event === "message.delta") turn.answer.append(String(data.text ?? ""));
    else if (event === "citations") turn.answer.cite(data.citations ?? []);
    else if (event === "run.restarted") turn.answer.begin(); // another process begins the answer again
    else if (event === "run.done" || event === "run.cancelled") this.complete(turn, data.messages ?? []);
    else if (event === "run.waiting") this.wait(turn, data.messages ?? []);
    else if (event === "error") throw new Problem({ status: 0, code: "run_failed", detail: data.detail });
  }

  /** @param {Turn} turn @param {Message[]} messages the stored messages of the run */
  complete(turn, messages) {
    const [first, ...more] = messages.filter(isAnswer);
    turn.done = true;
    turn.answer.finish(first ?? {});
    const spoken = [turn.answer.spokenText()];
    for (const message of more) spoken.push(this.showStored(message)?.spokenText() ?? "");
    this.events.answered(spoken.join("\n"));
  }

  /**
   * The run has stopped before a tool call that a person must approve.
   * @param {Turn} turn @param {Message[]} messages
   */
  wait(turn, messages) {
    const said = messages.filter(isAnswer).map((message) => message.content);
    this.complete(turn, [{ ...messages[0], type: "ai", content: [...said, this.strings.waiting].join("\n\n") }]);
  }

  /** @param {Turn} turn @param {unknown} error */
  fail(turn, error) {
    const lost = error instanceof Problem && error.code === "connection_lost" && turn.messageId !== null;
    const again = () => void (lost ? this.recover(turn) : this.attempt(turn));
    const edit = () => {
      turn.question.remove();
      turn.answer.element.remove();
      this.events.edit(turn.text);
    };
    turn.answer.fail(this.notice(error, { retry: again, edit }));
  }

  /**
   * The connection broke after the server had the question: the answer may be there by now. Asking again at
   * once would put the question twice.
   * @param {Turn} turn
   */
  async recover(turn) {
    const { messageId } = turn;
    this.setBusy(true);
    turn.answer.wait();
    try {
      const messages = await this.api.messages(/** @type {Thread} */ (this.thread).id);
      const asked = messages.findIndex((message) => message.id === messageId);
      const answers = asked < 0 ? [] : messages.slice(asked + 1).filter(isAnswer);
      if (!answers.length) return void (await this.attempt(turn));
      this.complete(turn, answers);
    } catch (error) {
      this.fail(turn, error);
    }
    this.setBusy(false);
  }

  /** @param {string} text the first message @returns {Promise<Thread>} */
  async ensureThread(text) {
    if (!this.thread) {
      this.thread = await this.api.createThread({ name: nameFor(text), assistant_id: this.assistantId });
      this.events.created(this.thread);
    }
    return this.thread;
  }

  /** @param {Message} message @returns {AnswerView|null} */
  showStored(message) {
    if (message.type === "human") this.element.append(questionView(message.content, this.strings));
    if (!isAnswer(message)) return null;
    const answer = this.newAnswer();
    answer.finish(message);
    this.element.append(answer.element);
    return answer;
  }

  newAnswer() {
    return new AnswerView((citation) => this.events.cite(citation), this.strings);
  }

  /** @param {unknown} error @param {{ retry: () => void, edit?: () => void }} remedies */
  notice(error, remedies) {
    return errorNotice(error, { ...remedies, signInUrl: this.signInUrl }, this.strings);
  }

  /** @param {boolean} busy */
  setBusy(busy) {
    this.busy = busy;
    this.events.changed();
  }
}

/** @param {Message} message */
function isAnswer(message) {
  return message.type === "ai" && Boolean(message.content);
}

/**
 * The beginning of the first question, cut between words.
 * @param {string} text
 */
export function nameFor(text) {
  const line = text.trim().replace(/\s+/g, " ");
  if (line.length <= LONGEST_NAME) return line;
  const cut = line.slice(0, LONGEST_NAME);
  return `${cut.replace(/\s+\S*$/, "")}…`;
}

/** @param {Strings} strings */
function loadingView(strings) {
  const lines = [make("i"), make("i"), make("i")];
  return make(
    "p",
    { class: "chat-loading", role: "status", "aria-label": strings.loadingMessages },
    ...lines,
  );
}
