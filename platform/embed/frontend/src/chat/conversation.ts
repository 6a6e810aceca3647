import type { ApiClient } from "./api";
import type { ApprovalCard } from "./approval-card";
import { readableName } from "./arguments";
import { make } from "./dom";
import { callsByRun, turnsOf } from "./history";
import { errorNotice } from "./notice";
import { t } from "./strings";
import { Turn } from "./turn";
import type { ChatConfig, Citation, Message, Run, Thread, ToolCallMade } from "./types";

/** what a conversation tells the chat around it */
export interface ConversationEvents {
  /** its first message made a thread of it */
  created: (thread: Thread) => void;
  /** it became busy or idle */
  changed: () => void;
  /** a run began or went on */
  begun: () => void;
  /** an answer is complete */
  answered: (text: string) => void;
  /** a run ended in another way */
  ended: () => void;
  /** words for those who do not see the page */
  announce: (text: string) => void;
  /** the writer wants a message back */
  edit: (text: string) => void;
  /** a source is to be shown */
  cite: (citation: Citation) => void;
}

const LONGEST_NAME = 60; // characters of the first question that name the thread
const GOING_ON = ["queued", "running"];

/** One thread on screen. It goes on while another one is shown, so that a running answer is not lost. */
export class Conversation {
  api: ApiClient;
  config: ChatConfig;
  assistantId: string;
  thread: Thread | null;
  events: ConversationEvents;
  turns: Turn[] = [];
  /** what was called, by run: known once the thread has been loaded */
  calls: Map<string, ToolCallMade[]> = new Map();
  loads = 0;
  isLoading = false;
  /** the newest run that is on screen, and where it stands */
  lastKnown = "";
  element: HTMLDivElement;

  constructor({ api, config, assistantId, thread, events }: {
    api: ApiClient;
    config: ChatConfig;
    assistantId: string;
    /** null until the first message is sent */
    thread: Thread | null;
    events: ConversationEvents;
  }) {
    this.api = api;
    this.config = config;
    this.assistantId = assistantId;
    this.thread = thread;
    this.events = events;
    // A log announces every change by itself; that would read out each piece of an answer. The chat announces
    // the complete answer once, in a region of its own.
    this.element = make("div", {
      class: "chat-log",
      role: "log",
      "aria-live": "off",
      "aria-label": t("messages"),
      "data-testid": "log",
    });
  }

  get isEmpty() {
    return !this.element.hasChildNodes();
  }

  get latest(): Turn | undefined {
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
   * @param how `quietly`: what is on screen stays until then, and if it fails
   */
  async load({ quietly = false }: { quietly?: boolean } = {}) {
    if (!this.thread) return;
    const load = ++this.loads;
    if (!quietly) this.element.replaceChildren(loadingView());
    this.setLoading(true);
    try {
      // In this order: a run that ends between the two has its answer among the messages.
      const run = await this.api.latestRun(this.thread.id);
      const [messages] = await Promise.all([this.api.messages(this.thread.id), this.learnCalls()]);
      if (load === this.loads) this.show(messages, run);
    } catch (error) {
      if (!quietly && load === this.loads)
        this.element.replaceChildren(this.notice(error, { retry: () => void this.load() }));
    }
    if (load === this.loads) this.setLoading(false);
  }

  /** Ask what was called in the thread; without an answer the steps of runs that have ended are not shown. */
  async learnCalls() {
    try {
      this.calls = callsByRun(await this.api.toolCalls(this.thread?.id ?? ""));
    } catch {
      // What was said is what counts; the next call will say what is wrong.
    }
  }

  /** @param run the newest */
  show(messages: Message[], run: Run | null) {
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

  /** @param run the thread's newest, in its last turn */
  showAnswers(turn: Turn, answers: Message[], run: Run | null) {
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

  send(text: string) {
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

  add(turn: Turn) {
    this.turns.push(turn);
    if (turn.question) this.element.append(turn.question);
    this.element.append(turn.answer.element);
    return turn;
  }

  /** The question goes back to where it was written. */
  takeBack(turn: Turn) {
    turn.leave();
    turn.question?.remove();
    turn.answer.element.remove();
    this.turns = this.turns.filter((other) => other !== turn);
    this.events.edit(turn.text);
    this.changed();
  }

  /** Somebody else was quicker: show how things are now. */
  outdated(turn: Turn) {
    if (turn.place.runId === null && !turn.previous) {
      this.takeBack(turn);
      this.events.announce(t("error.busy_elsewhere"));
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

  answered(text: string) {
    this.remember("completed");
    this.events.answered(text);
  }

  failed() {
    this.remember("failed");
    this.events.ended();
  }

  /** @param hasOther the answer before is whole: it is the one that counts */
  stopped(hasOther: boolean) {
    this.remember("cancelled");
    this.events.announce(t("stopped"));
    this.events.ended();
    if (hasOther) void this.load({ quietly: true });
  }

  asks(card: ApprovalCard) {
    this.remember("waiting");
    this.events.announce(t("announceApproval", { names: card.names.map(readableName).join(", ") }));
    this.events.ended();
  }

  turned(number: number, count: number) {
    this.events.announce(t("variant", { number, count }));
  }

  /** Something small did not work; nothing on screen is wrong. */
  complain(error: unknown, again: () => void) {
    this.element.querySelector(":scope > .chat-notice")?.remove();
    const retry = () => {
      notice.remove();
      again();
    };
    const notice = this.notice(error, { retry });
    this.element.append(notice);
  }

  /** @param status of the run of the last turn */
  remember(status: Run["status"]) {
    const id = this.latest?.place.runId;
    if (id) this.lastKnown = known({ id, status });
  }

  /** @param text the first message */
  async ensureThread(text: string): Promise<Thread> {
    if (!this.thread) {
      this.thread = await this.api.createThread({ name: nameFor(text), assistant_id: this.assistantId });
      this.events.created(this.thread);
    }
    return this.thread;
  }

  notice(error: unknown, remedies: { retry: () => void, edit?: () => void }) {
    const { signInUrl, fallback } = this.config;
    return errorNotice(error, { ...remedies, signInUrl, fallback });
  }

  setLoading(isLoading: boolean) {
    this.isLoading = isLoading;
    this.changed();
  }
}

function known({ id, status }: Pick<Run, "id" | "status">) {
  return `${id} ${status}`;
}

/** The beginning of the first question, cut between words. */
export function nameFor(text: string) {
  const line = text.trim().replace(/\s+/g, " ");
  if (line.length <= LONGEST_NAME) return line;
  const cut = line.slice(0, LONGEST_NAME);
  return `${cut.replace(/\s+\S*$/, "")}…`;
}

function loadingView() {
  const lines = [make("i"), make("i"), make("i")];
  return make(
    "p",
    { class: "chat-loading", role: "status", "aria-label": t("loadingMessages") },
    ...lines,
  );
}
