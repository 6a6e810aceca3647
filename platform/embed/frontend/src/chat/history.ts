import type { Citation, Message, ToolCallMade } from "./types";

export interface StoredTurn {
  question: Message | null;
  answers: Message[];
}

/** All that one run has said. */
export interface WholeAnswer {
  content: string;
  citations: Citation[];
  /** it says that no document answers the question */
  unsupported?: boolean;
  /** the run did not come to its end */
  partial: boolean;
}

export function isAnswer(message: Message) {
  return message.type === "ai" && Boolean(message.content);
}

/**
 * A thread's messages as questions with what was answered: a run that calls tools may say several things.
 * @param messages oldest first
 */
export function turnsOf(messages: Message[]): StoredTurn[] {
  const turns: StoredTurn[] = [];
  for (const message of messages) {
    if (message.type === "human" || !turns.length) turns.push({ question: null, answers: [] });
    const turn = turns[turns.length - 1];
    if (message.type === "human") turn.question = message;
    else if (isAnswer(message)) turn.answers.push(message);
  }
  return turns.filter(({ question, answers }) => question || answers.length);
}

/** What was called, by the run that called it. */
export function callsByRun(calls: ToolCallMade[]): Map<string, ToolCallMade[]> {
  const byRun = new Map<string, ToolCallMade[]>();
  for (const call of calls) {
    const run = String(call.run_id);
    byRun.set(run, [...(byRun.get(run) ?? []), call]);
  }
  return byRun;
}

/** What a run has said in all: a run that waited tells at its end perhaps only what came since. */
export function withMore(known: Message[], told: Message[]) {
  const byId = new Map([...known, ...told].filter(isAnswer).map((message) => [message.id, message]));
  return [...byId.values()];
}

/** The messages of one run as one answer. */
export function asOneAnswer(messages: Message[]): WholeAnswer {
  return {
    content: messages.map((message) => readable(message.content)).join("\n\n"),
    citations: messages.flatMap((message) =>
      (message.citations ?? []).map((citation) => ({ ...citation, message_id: message.id })),
    ),
    unsupported: messages.at(-1)?.grounded === false,
    partial: messages.some((message) => message.partial),
  };
}

/**
 * An answer of a wanted structure is an object in JSON: shown as code, indented.
 * @param said a text, or the object itself
 * @returns Markdown
 */
export function readable(said: unknown): string {
  let object = said;
  if (typeof said === "string") {
    if (!/^\s*\{/.test(said)) return said;
    try {
      object = JSON.parse(said);
    } catch {
      return said;
    }
  }
  return `\`\`\`json\n${JSON.stringify(object, null, 2)}\n\`\`\``;
}

/** An answer's text as it is copied: the markers of its sources mean nothing elsewhere. */
export function withoutMarkers(text: string): string {
  return text.replace(/ ?\[\d{1,3}(?:, ?\d{1,3}){0,9}\](?!\()/g, "");
}
