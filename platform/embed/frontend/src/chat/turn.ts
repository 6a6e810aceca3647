import { answerActions } from "./answer-actions";
import { type ApiClient, newKey } from "./api";
import { ApprovalCard } from "./approval-card";
import type { Conversation } from "./conversation";
import { make } from "./dom";
import { asOneAnswer, readable, withMore, withoutMarkers } from "./history";
import { AnswerView, questionView } from "./message-view";
import { turnTo } from "./other-answers";
import { Problem } from "./problem";
import { type Place, followRun } from "./run-stream";
import { t, wordsFor } from "./strings";
import type { Decision, Feedback, Message, Run, StreamEvent, ToolCall } from "./types";

/** One question and the run that answers it: what is on screen follows the run's events. */
export class Turn {
  conversation: Conversation;
  api: ApiClient;
  text: string;
  question: HTMLElement | null;
  answer: AnswerView;
  place: Place;
  key: string;
  state: "idle" | "running" | "waiting" = "idle";
  /** the run has come to its end, whichever */
  isOver = false;
  stopping = false;
  /** no connection at the moment */
  isLost = false;
  leaving = new AbortController();
  /** what of the answer is stored */
  messages: Message[] = [];
  /** the answer that is being replaced */
  previous: { place: Place, messages: Message[] } | null = null;
  card: ApprovalCard | null = null;

  /** @param text of the question; null where only the answer is left */
  constructor(conversation: Conversation, text: string | null) {
    this.conversation = conversation;
    this.api = conversation.api;
    this.text = text ?? "";
    this.question = text === null ? null : questionView(text);
    this.answer = new AnswerView((citation) => conversation.events.cite(citation));
    this.place = { runId: null, after: 0 };
    this.key = newKey();
  }

  get isBusy() {
    return this.state !== "idle";
  }

  // -- what is asked for

  /** Ask the question. Asked again it joins what the first request began. */
  ask() {
    const { conversation, text, key } = this;
    return this.follow(async function* (api, signal) {
      const thread = await conversation.ensureThread(text);
      const message = { assistant_id: conversation.assistantId, content: text };
      yield* api.send(thread.id, message, { key, signal });
    });
  }

  /** Follow a run that was begun before, from its first event. */
  join(run: Run) {
    this.place = { runId: String(run.id), after: 0 };
    return this.follow(null);
  }

  /** Another answer to the same question. */
  regenerate() {
    if (this.conversation.busy) return;
    const runId = this.place.runId ?? "";
    this.previous = { place: this.place, messages: this.messages };
    this.place = { runId: null, after: 0 };
    this.messages = [];
    this.answer.begin();
    const key = newKey();
    return this.follow((api, signal) => api.regenerate(runId, { key, signal }));
  }

  /** @param decisions on all the calls that the run waits with */
  decide(decisions: Decision[]) {
    const runId = this.place.runId ?? "";
    const key = newKey();
    return this.follow((api, signal) => api.decide(runId, decisions, { key, signal }));
  }

  /** The remedy of whatever went wrong. */
  again() {
    if (this.conversation.busy) return;
    if (this.isOver) return this.regenerate();
    return this.place.runId === null ? this.ask() : this.follow(null);
  }

  /** Stop the run; its last event tells when that is done. */
  async stop() {
    if (!this.isBusy || this.stopping) return;
    this.stopping = true;
    this.conversation.changed();
    if (this.state === "running") this.answer.wait(t("stopping"));
    if (this.place.runId !== null) await this.cancel(this.place.runId);
    else if (this.isLost) this.leaving.abort(); // else when the run has told its id
  }

  async cancel(runId: string) {
    try {
      await this.api.cancelRun(runId);
      if (this.state === "waiting") this.complete([], true); // no stream is open that would tell
    } catch (error) {
      this.stopping = false;
      if (this.state === "running") this.answer.wait();
      this.conversation.complain(error, () => void this.stop());
    }
    this.conversation.changed();
  }

  /** Let go of the connection, because this turn leaves the screen. The run goes on. */
  leave() {
    this.state = "idle";
    this.leaving.abort();
  }

  // -- what comes

  async follow(begin: ((api: Turn["api"], signal: AbortSignal) => AsyncIterable<StreamEvent>) | null) {
    const { signal } = (this.leaving = new AbortController());
    this.isOver = false;
    this.setState("running");
    if (!this.card) this.answer.wait();
    try {
      const events = followRun({
        place: this.place,
        begin: begin && (() => begin(this.api, signal)),
        rejoin: (runId, after) => this.api.runEvents(runId, after, { signal }),
        connection: (isLost) => this.connection(isLost),
        signal,
      });
      for await (const event of events) if (!signal.aborted) this.receive(event);
      if (signal.aborted && this.stopping) throw new Problem({ status: 0, code: "stopped" });
    } catch (error) {
      this.fail(error);
    }
    if (signal.aborted && !this.stopping) return; // it has left the screen
    this.stopping = false;
    if (!this.card) this.previous = null;
    this.setState(this.card ? "waiting" : "idle");
    if (this.card) this.conversation.asks(this.card);
  }

  connection(isLost: boolean) {
    this.isLost = isLost;
    if (!this.card) this.answer.wait(isLost ? t("reconnecting") : undefined);
  }

  /** @param event kinds that the chat does not know are left alone */
  receive({ event, data }: StreamEvent) {
    const { answer } = this;
    if (event === "run.started") this.started();
    else if (event === "run.resumed") this.resumed();
    else if (event === "run.restarted") answer.begin(asOneAnswer(this.messages).content);
    else if (event === "message.delta") answer.append(String(data.text ?? ""));
    else if (event === "tool.started") this.step(() => answer.steps.start(data));
    else if (event === "tool.finished") this.step(() => answer.steps.finish(data));
    else if (event === "citations") answer.cite(data.citations ?? []);
    else if (event === "output") answer.append(readable(data.output));
    else if (event === "run.waiting") this.wait(data.tool_calls ?? [], data.messages ?? []);
    else if (event === "run.done") this.complete(data.messages ?? [], false);
    else if (event === "run.cancelled") this.complete(data.messages ?? [], true);
    else if (event === "error") this.broken(data.code, data.detail);
  }

  started() {
    this.conversation.begun();
    if (this.stopping && this.place.runId !== null) void this.cancel(this.place.runId);
  }

  step(show: () => void) {
    this.answer.interrupt();
    show();
  }

  /** @param calls that a person has to decide on */
  wait(calls: ToolCall[], messages: Message[]) {
    this.messages = withMore(this.messages, messages);
    this.card = new ApprovalCard(calls, (decisions) => void this.decide(decisions));
    this.answer.interrupt();
    this.answer.pause(this.card.element);
  }

  /** A run that waits was found in the history. */
  waits(run: Run, messages: Message[]) {
    this.place = { runId: String(run.id), after: 0 };
    this.answer.begin(asOneAnswer(messages).content);
    this.showCalls(run.tool_calls);
    this.wait(run.tool_calls ?? [], messages);
    this.setState("waiting");
  }

  resumed() {
    this.card = null;
    this.answer.interrupt();
    this.answer.wait();
    this.conversation.begun();
  }

  /** @param told the stored messages of the run */
  complete(told: Message[], isStopped: boolean) {
    // The server keeps showing the answer before, if that is a whole one.
    const hasOther = Boolean(this.previous?.messages.length && !asOneAnswer(this.previous.messages).partial);
    this.messages = withMore(this.messages, told);
    this.isOver = true;
    this.card = null;
    this.show(isStopped ? t("stopped") : "");
    if (isStopped) this.conversation.stopped(hasOther);
    else this.conversation.answered(this.answer.spokenText());
    if (this.state === "waiting") this.setState("idle");
  }

  /**
   * The run has failed; what it had said stays.
   * @param detail the server's own words for the reader
   */
  broken(code = "", detail?: string) {
    this.isOver = true;
    this.card = null;
    this.conversation.failed();
    this.fail(new Problem({ status: 0, code: "run_failed", detail: wordsFor(code) || detail }));
  }

  fail(error: unknown) {
    const { card, conversation, place, previous } = this;
    if (error instanceof Problem && isOutdated(error)) return conversation.outdated(this);
    if (card) return card.refused(conversation.notice(error, { retry: () => void conversation.load() }));
    const edit = place.runId === null && !previous ? () => conversation.takeBack(this) : undefined;
    const notice = conversation.notice(error, { retry: () => void this.again(), edit });
    // Not while the new run may still come to its end: then its place is what to go on from.
    if (previous && (this.isOver || place.runId === null) && this.showPrevious(previous, notice)) return;
    const partial = this.answer.text && make("p", { class: "chat-incomplete" }, t("incomplete"));
    this.answer.pause(make("div", { class: "chat-failure" }, partial, notice));
  }

  // -- what is on screen

  /**
   * Show a stored answer.
   * @param how `run`: the thread's
   * newest, where this is its turn and it has not come to a good end
   */
  showStored(messages: Message[], runId: string | null, { run }: { run?: Run } = {}) {
    this.place = { runId, after: 0 };
    this.messages = messages;
    this.isOver = runId !== null;
    this.showCalls();
    if (run?.status === "failed") {
      this.answer.text = asOneAnswer(messages).content;
      this.broken(run.error_code, run.error_detail);
    } else this.show(run?.status === "cancelled" ? t("stoppedBefore") : "");
  }

  /** @param ended words for an answer that was stopped */
  show(ended: string = "") {
    const whole = asOneAnswer(this.messages);
    const note = ended && make("p", { class: "chat-incomplete", "data-testid": "stopped" }, ended);
    const told = { ...whole, partial: whole.partial && !ended };
    this.answer.finish(told, note || undefined, this.place.runId !== null && this.actions());
  }

  /**
   * The new answer did not come about: what was there before is there again.
   * @returns false when nothing was said before
   */
  showPrevious({ place, messages }: NonNullable<Turn["previous"]>, notice: HTMLElement): boolean {
    if (this.place.runId === null || messages.length) this.place = place;
    this.isOver = true;
    if (!messages.length) return false;
    this.messages = messages;
    this.answer.begin();
    this.showCalls();
    this.answer.finish(asOneAnswer(messages), this.actions(), notice);
    return true;
  }

  /**
   * Show what the run has called before this page was there.
   * @param waiting not decided on: their card shows them
   */
  showCalls(waiting: ToolCall[] = []) {
    const calls = this.conversation.calls.get(this.place.runId ?? "") ?? [];
    const isAsked = (id: string) => waiting.some((call) => call.id === id);
    this.answer.steps.restore(calls.filter(({ call_id, status }) => status !== "open" || !isAsked(call_id)));
  }

  actions() {
    const last = this.messages[this.messages.length - 1];
    const can = {
      text: () => withoutMarkers(this.answer.text),
      judge: (feedback: Feedback | null) => this.judge(last, feedback),
      regenerate: () => void this.regenerate(),
      turnTo: (step: number) => void turnTo(this, step),
    };
    return answerActions(last, can, this.conversation.config.features);
  }

  async judge(message: Message, feedback: Feedback | null) {
    await this.api.giveFeedback(String(this.conversation.thread?.id), message, feedback);
    message.feedback = feedback;
  }

  setState(state: Turn["state"]) {
    this.state = state;
    this.conversation.changed();
  }
}

/** The thread has gone on without this page: another answer is on its way, or a run is over and its events gone. */
function isOutdated({ status, code }: Problem) {
  return status === 410 || (status === 409 && code !== "thread_has_other_assistant");
}
