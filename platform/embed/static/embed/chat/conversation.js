/**
 * @typedef {import("./types.js").Citation} Citation
 * @typedef {import("./types.js").Message} Message
 * @typedef {import("./types.js").Run} Run
 * @typedef {import("./types.js").Thread} Thread
 * @typedef {import("./strings.js").Strings} Strings
 *
 * @typedef {object} ConversationEvents   what a conversation tells the chat around it
 * @property {(thread: Thread) => void} created     its first message made a thread of it
 * @property {() => void} changed                   it became busy or idle
 * @property {() => void} begun                     a run began or went on
 * @property {(text: string) => void} answered      an answer is complete
 * @property {() => void} ended                     a run ended in another way
 * @property {(text: string) => void} announce      words for those who do not see the page
 * @property {(text: string) => void} edit          the writer wants a message back
 * @property {(citation: Citation) => void} cite    a source is to be shown
 */

import { readableName } from "./arguments.js";
import { make } from "./dom.js";
import { turnsOf } from "./history.js";
import { errorNotice } from "./notice.js";
import { Turn } from "./turn.js";

const LONGEST_NAME = 60; // characters of the first question that name the thread
const GOING_ON = ["queued", "running"];

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
    /** @type {Turn[]} */
    this.turns = [];
    this.loads = 0;
    this.isLoading = false;
    this.lastKnown = ""; // the newest run that is on screen, and where it stands
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

  /** @returns {Turn|undefined} */
  get latest() {
    return this.turns[this.turns.length - 1];
  }

  /** An answer is on its way, or waits for a person. */
  get busy() {
    return Boolean(this.latest?.isBusy);
  }

  get isWriting() {
    return this.latest?.state === "running";
  }

  /**
   * Show the messages that the server has, and go on with a run that is not over.
   * @param {{ quietly?: boolean }} [how] `quietly`: what is on screen stays until then, and if it fails
   */
  async load({ quietly = false } = {}) {
    if (!this.thread) return;
    const load = ++this.loads;
    if (!quietly) this.element.replaceChildren(loadingView(this.strings));
    this.setLoading(true);
    try {
      // In this order: a run that ends between the two has its answer among the messages.
      const run = await this.api.latestRun(this.thread.id);
      const messages = await this.api.messages(this.thread.id);
      if (load === this.loads) this.show(messages, run);
    } catch (error) {
      if (!quietly && load === this.loads)
        this.element.replaceChildren(this.notice(error, { retry: () => void this.load() }));
    }
    if (load === this.loads) this.setLoading(false);
  }

  /** @param {Message[]} messages @param {Run|null} run the newest */
  show(messages, run) {
    for (const turn of this.turns) turn.leave();
    this.turns = [];
    this.element.replaceChildren();
    const stored = turnsOf(messages);
    this.lastKnown = run ? known(run) : "";
    stored.forEach(({ question, answers }, index) => {
      const turn = this.add(new Turn(this, question && question.content));
      this.showAnswers(turn, answers, index === stored.length - 1 ? run : null);
    });
  }

  /** @param {Turn} turn @param {Message[]} answers @param {Run|null} run the thread's newest, in its last turn */
  showAnswers(turn, answers, run) {
    const last = answers[answers.length - 1];
    const ofRun = run && (!last || String(last.run_id) === String(run.id)) ? run : undefined;
    if (run && GOING_ON.includes(run.status)) void turn.join(run);
    else if (run?.status === "waiting" && run.tool_calls?.length)
      turn.waits(run, answers.filter(({ run_id }) => String(run_id) === String(run.id)));
    else if (last || ofRun) turn.showStored(answers, String(last?.run_id ?? ofRun?.id), { run: ofRun });
    else turn.answer.element.remove();
  }

  /** Whatever happened to the thread elsewhere: in another tab, on another machine. */
  async catchUp() {
    const { latest, thread } = this;
    if (!thread || this.isLoading || this.isWriting) return;
    if (latest && latest.place.runId === null && !latest.isOver) return; // a question that is only here
    try {
      const run = await this.api.latestRun(thread.id);
      if (!run || known(run) === this.lastKnown || this.isWriting) return;
      await this.load({ quietly: true });
    } catch {
      // Nobody asked for it; the next call will say what is wrong.
    }
  }

  /** @param {string} text */
  send(text) {
    return this.add(new Turn(this, text)).ask();
  }

  stop() {
    return this.latest?.stop();
  }

  /** It leaves the screen for good; runs go on without it. */
  leave() {
    this.loads += 1;
    for (const turn of this.turns) turn.leave();
  }

  /** @param {Turn} turn */
  add(turn) {
    this.turns.push(turn);
    if (turn.question) this.element.append(turn.question);
    this.element.append(turn.answer.element);
    return turn;
  }

  /** The question goes back to where it was written. @param {Turn} turn */
  takeBack(turn) {
    turn.leave();
    turn.question?.remove();
    turn.answer.element.remove();
    this.turns = this.turns.filter((other) => other !== turn);
    this.events.edit(turn.text);
    this.changed();
  }

  /** Somebody else was quicker: show how things are now. @param {Turn} turn */
  outdated(turn) {
    if (turn.place.runId === null && !turn.previous) {
      this.takeBack(turn);
      this.events.announce(this.strings.errors.busy_elsewhere);
    }
    turn.leave();
    void this.load();
  }

  // -- what the turns tell

  changed() {
    this.events.changed();
  }

  begun() {
    this.events.begun();
  }

  /** @param {string} text */
  answered(text) {
    this.remember("completed");
    this.events.answered(text);
  }

  failed() {
    this.remember("failed");
    this.events.ended();
  }

  /** @param {boolean} hasOther the answer before is whole: it is the one that counts */
  stopped(hasOther) {
    this.remember("cancelled");
    this.events.announce(this.strings.stopped);
    this.events.ended();
    if (hasOther) void this.load({ quietly: true });
  }

  /** @param {import("./approval-card.js").ApprovalCard} card */
  asks(card) {
    this.remember("waiting");
    this.events.announce(this.strings.announceApproval(card.names.map(readableName).join(", ")));
    this.events.ended();
  }

  /** @param {number} number @param {number} count */
  turned(number, count) {
    this.events.announce(this.strings.variant(number, count));
  }

  /** Something small did not work; nothing on screen is wrong. @param {unknown} error @param {() => void} again */
  complain(error, again) {
    this.element.querySelector(":scope > .chat-notice")?.remove();
    const retry = () => {
      notice.remove();
      again();
    };
    const notice = this.notice(error, { retry });
    this.element.append(notice);
  }

  /** @param {Run["status"]} status of the run of the last turn */
  remember(status) {
    const id = this.latest?.place.runId;
    if (id) this.lastKnown = known({ id, status });
  }

  /** @param {string} text the first message @returns {Promise<Thread>} */
  async ensureThread(text) {
    if (!this.thread) {
      this.thread = await this.api.createThread({ name: nameFor(text), assistant_id: this.assistantId });
      this.events.created(this.thread);
    }
    return this.thread;
  }

  /** @param {unknown} error @param {{ retry: () => void, edit?: () => void }} remedies */
  notice(error, remedies) {
    return errorNotice(error, { ...remedies, signInUrl: this.signInUrl }, this.strings);
  }

  /** @param {boolean} isLoading */
  setLoading(isLoading) {
    this.isLoading = isLoading;
    this.changed();
  }
}

/** @param {Pick<Run, "id"|"status">} run */
function known({ id, status }) {
  return `${id} ${status}`;
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
